import { chmodSync, writeFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import {
  type ArtifactStore,
  allEntries,
  openFolderStore,
  openPlan,
  storeDocument,
  withComposedPlan,
} from '../../artifacts/index.ts'
import {
  canonicalJson,
  type DocumentReference,
  type PlanNodeContent,
  type SigningPlan,
  type SigningRequestId,
} from '../../domain/index.ts'
import { archiveTree, digestOf, planFacts } from '../support/plan-tree.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const size = { archives: 2, programsEach: 300 }
const nodeCount = 1 + size.archives * (2 + size.programsEach)

async function openStore(): Promise<ArtifactStore> {
  const store = await openFolderStore({ path: temporaryFolder(), maximumSize: 100_000_000 })
  onTestFinished(() => store.close())
  return store
}

function compose(store: ArtifactStore, nodes: Iterable<PlanNodeContent>, facts: SigningPlan = planFacts) {
  return withComposedPlan(facts, nodes, { folder: temporaryFolder() }, (composed) => storeDocument(store, composed))
}

/** A plan as its parts: what a planner could write instead of it. */
async function partsOf(store: ArtifactStore) {
  const plan = await openPlan(store, await compose(store, archiveTree(size)))
  const pages: string[] = []
  for (const index of plan.head.pages.keys()) pages.push((await plan.pageText(index)) ?? '')
  return { head: plan.head, headText: plan.headText, pages }
}

async function put(store: ArtifactStore, head: string, body: string | Buffer): Promise<DocumentReference> {
  const { sha256: document } = await store.put(
    (async function* () {
      yield Buffer.from(`${head}\n`)
      yield Buffer.from(body)
    })(),
  )
  return { digest: digestOf(head), document }
}

/** Stores what a hostile planner writes: any pages, under a head that names their digests. */
function forge(store: ArtifactStore, facts: object, pages: readonly string[], changes: object = {}) {
  const named = pages.map((page) => {
    const lines = page.split('\n').slice(0, -1)
    const signed = lines.filter((line) => line.includes('"outcome":"signed"')).length
    return { entries: lines.length, signed, size: Buffer.byteLength(page), sha256: digestOf(page), ...changes }
  })
  return put(store, canonicalJson({ ...facts, pages: named }), pages.join(''))
}

async function readAll(store: ArtifactStore, reference: DocumentReference): Promise<number> {
  const plan = await openPlan(store, reference)
  let count = 0
  for await (const _ of allEntries(plan)) count++
  await plan.signedEntries(0, plan.signedCount)
  return count
}

it('reads nothing of a store that lost, swapped, doubled, cut or mixed pages', async () => {
  const store = await openStore()
  const { headText, pages } = await partsOf(store)
  expect(pages.length).toBeGreaterThan(2)
  const [first = '', second = '', ...rest] = pages
  expect(await readAll(store, await put(store, headText, pages.join('')))).toBe(nodeCount)
  const other = await compose(store, archiveTree(size), { ...planFacts, signingPolicyVersion: 2 })
  for (const body of [
    pages.slice(1).join(''),
    pages.slice(0, -1).join(''),
    '',
    [second, first, ...rest].join(''),
    [first, first, ...rest].join(''),
    [...pages, first].join(''),
    pages.join('').slice(0, -1),
    `${pages.join('')} `,
    pages.join('').replace('README', 'readme'),
  ])
    await expect(readAll(store, await put(store, headText, body))).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
  const { digest } = await put(store, headText, pages.join(''))
  await expect(readAll(store, { digest, document: other.document })).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
})

it('reads no page that a planner wrote under a right digest and in a wrong form', async () => {
  const store = await openStore()
  const { head, pages } = await partsOf(store)
  const { pages: _, ...facts } = head
  const whole = pages.join('')
  const [root = '', container = '', readme = ''] = whole.split('\n')
  const change = (line: string, changes: object) => canonicalJson({ ...JSON.parse(line), ...changes })
  const withRoot = (...lines: string[]) => [`${[change(root, { descendants: lines.length }), ...lines].join('\n')}\n`]
  const alone = change(container, { descendants: 0 })
  expect(await readAll(store, await forge(store, facts, withRoot(alone)))).toBe(2)
  const wrong: Readonly<Record<string, Promise<DocumentReference>>> = {
    'more entries than the head says': forge(store, facts, [pages[0] ?? ''], { entries: 3 }),
    'fewer entries than the head says': forge(store, facts, [pages[0] ?? ''], { entries: 256 }),
    'more signed files than the head says': forge(store, facts, [pages[0] ?? ''], { signed: 1 }),
    'more signed files than entries': forge(store, facts, withRoot(alone), { signed: 3 }),
    'a page of more than 256 entries': forge(store, facts, [whole]),
    'no line feed at its end': forge(store, facts, [`${whole.slice(0, -1)} `]),
    'an empty line': forge(store, facts, withRoot('', alone)),
    'white space': forge(store, facts, withRoot(` ${alone}`)),
    'keys in another order': forge(store, facts, withRoot(JSON.stringify({ path: [], ...JSON.parse(alone) }))),
    'a number of another form': forge(store, facts, withRoot(alone.replace('5000000', '5e6'))),
    'an unknown key': forge(store, facts, withRoot(change(alone, { zzz: 1 }))),
    'a key that schemas leave out': forge(
      store,
      facts,
      withRoot(
        change(readme, {
          path: ['release.zip', 'a'],
          parent: 0,
          directives: [{ directive: 'x', contentDigests: [], attributes: JSON.parse('{"__proto__":"hidden"}') }],
        }),
      ),
    ),
    'a node below itself': forge(store, facts, withRoot(change(alone, { parent: 1 }))),
    'a node below a later one': forge(store, facts, withRoot(change(alone, { parent: 7 }))),
    'a second root': forge(store, facts, withRoot(change(alone, { parent: null }))),
    'more nodes below than there are': forge(store, facts, withRoot(change(alone, { descendants: 5 }))),
    'a number that is not exact': forge(
      store,
      facts,
      withRoot(alone.replace('"descendants":0', '"descendants":1e300')),
    ),
    'arrays 10,000 deep': forge(store, facts, withRoot(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)),
    'a path of 10,000 names': forge(store, facts, withRoot(change(alone, { path: Array(10_000).fill('a') }))),
    'an empty name': forge(store, facts, withRoot(change(alone, { path: ['release.zip', ''] }))),
    'a page of 3 MB': forge(store, facts, withRoot(change(alone, { path: ['release.zip', 'a'.repeat(3_000_000)] }))),
  }
  for (const [what, reference] of Object.entries(wrong))
    await expect(readAll(store, await reference), what).rejects.toMatchObject({ code: 'PLAN_MALFORMED' })
  const halved = Buffer.from(withRoot(alone.replace('part-000000', 'part-00000\u00e9'))[0] ?? '', 'latin1')
  const pageOfHalf = { entries: 2, signed: 0, size: halved.length, sha256: digestOf(halved) }
  const noText = await put(store, canonicalJson({ ...facts, pages: [pageOfHalf] }), halved)
  await expect(readAll(store, noText)).rejects.toMatchObject({ code: 'PLAN_MALFORMED' })
})

it('refuses heads of too many pages, deep ones and endless ones', async () => {
  const store = await openStore()
  const { head } = await partsOf(store)
  const page = head.pages[0]
  const heads = [
    canonicalJson({ ...head, pages: Array(10_001).fill(page) }),
    `{"pages":[${`${canonicalJson(page)},`.repeat(50_000).slice(0, -1)}]}`,
    canonicalJson(head).replace('"pages":[', `"pages":${'['.repeat(10_000)}`),
    'x'.repeat(3_000_000),
    canonicalJson({ ...head, pages: [{ ...page, size: 2 ** 40 }] }),
    canonicalJson({ ...head, pages: [{ ...page, entries: 2 ** 40 }] }),
  ]
  for (const text of heads)
    await expect(openPlan(store, await put(store, text, ''))).rejects.toMatchObject({ code: 'PLAN_MALFORMED' })
})

it('refuses a plan of another request, and one with other counts than the log names', async () => {
  const store = await openStore()
  const reference = await compose(store, archiveTree(size))
  const signedCount = size.archives * size.programsEach
  const recorded = { ...reference, signingRequestId: planFacts.signingRequestId, entryCount: nodeCount, signedCount }
  expect(await openPlan(store, recorded)).toMatchObject({ entryCount: nodeCount, signedCount })
  const signingRequestId = '11111111-1111-4111-8111-111111111111' as SigningRequestId
  for (const other of [{ signingRequestId }, { entryCount: nodeCount + 1 }, { signedCount: signedCount - 1 }])
    await expect(openPlan(store, { ...recorded, ...other })).rejects.toMatchObject({ code: 'PLAN_MALFORMED' })
})

it('shows names as they are, and makes no plan that readers would refuse', async () => {
  const store = await openStore()
  const [root, part, readme] = [...archiveTree({ archives: 1, programsEach: 0 })] as [
    PlanNodeContent,
    PlanNodeContent,
    PlanNodeContent,
  ]
  const named = (name: string): PlanNodeContent => ({ ...readme, path: [...part.path, name] })
  for (const name of ['a\u001b[31m\u0000\n', '\u202egpj.exe', '\ud800', '"\\"', 'e\u0301', '__proto__']) {
    const plan = await openPlan(store, await compose(store, [root, part, named(name)]))
    expect((await plan.entries(2, 3))[0]?.entry.path.at(-1)).toBe(name)
  }
  await expect(compose(store, [root, part, named('a'.repeat(1024 ** 2))])).rejects.toMatchObject({
    code: 'DOCUMENT_TOO_LARGE',
  })
  function* deep(): Generator<PlanNodeContent> {
    for (let depth = 1; depth <= 10_000; depth++) yield { ...root, path: Array(depth).fill('a') }
  }
  await expect(compose(store, deep())).rejects.toMatchObject({ code: 'PLAN_MALFORMED' })
})

it('is not there while it is written, and then whole; what changes under a reader is not read', async () => {
  const store = await openStore()
  const { headText, pages } = await partsOf(store)
  // Another head, so that the store does not hold it already.
  const text = headText.replace('"signingPolicyVersion":1', '"signingPolicyVersion":3')
  const reference = { digest: digestOf(text), document: digestOf(`${text}\n${pages.join('')}`) }
  const absent = () => expect(openPlan(store, reference)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' })
  await store.put(
    (async function* () {
      yield Buffer.from(`${text}\n`)
      for (const page of pages) {
        await absent()
        yield Buffer.from(page)
      }
      await absent()
    })(),
  )
  const plan = await openPlan(store, reference)
  expect(await plan.entries(0, nodeCount)).toHaveLength(nodeCount)
  const { path } = await store.open(reference.document)
  chmodSync(path, 0o600)
  writeFileSync(path, `${text}\n${pages[0]}`)
  await expect(plan.entries(0, nodeCount)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
  await expect(openPlan(store, reference)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
})
