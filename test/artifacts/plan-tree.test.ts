import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type ArtifactStore,
  allEntries,
  openFolderStore,
  openManifest,
  openPlan,
  RecentHeads,
  storeDocument,
  storeManifest,
  withComposedPlan,
} from '../../artifacts/index.ts'
import type { ArtifactConfigurationId, PlanNode, PlanNodeContent, SigningManifest } from '../../domain/index.ts'
import { archiveTree, digestOf, planFacts, signedWithoutKey } from '../support/plan-tree.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const size = { archives: 7, programsEach: 700 }
const programs = size.archives * size.programsEach

async function openStore(): Promise<ArtifactStore> {
  const store = await openFolderStore({ path: temporaryFolder(), maximumSize: 100_000_000 })
  onTestFinished(() => store.close())
  return store
}

const compose = <Result>(nodes: Iterable<PlanNodeContent>, use: Parameters<typeof withComposedPlan<Result>>[3]) =>
  withComposedPlan(planFacts, nodes, { folder: temporaryFolder() }, use)

async function storedTree(store: ArtifactStore) {
  return openPlan(store, await compose(archiveTree(size), (composed) => storeDocument(store, composed)))
}

describe('a plan of many files', () => {
  it('says of each node what it is in and how many nodes are below it', async () => {
    const stored = await storedTree(await openStore())
    const nodes: PlanNode[] = []
    for await (const node of allEntries(stored)) nodes.push(node)
    expect(stored).toMatchObject({ entryCount: nodes.length, signedCount: programs })
    expect(nodes.map(({ parent: _, descendants: __, ...node }) => node)).toEqual([...archiveTree(size)])
    for (const [index, { parent, path, descendants }] of nodes.entries()) {
      expect(parent === null ? [] : nodes[parent]?.path).toEqual(path.slice(0, -1))
      const below = nodes.slice(index + 1, index + 1 + descendants)
      expect(below.every((node) => path.every((name, depth) => node.path[depth] === name))).toBe(true)
      expect(nodes[index + 1 + descendants]?.path.slice(0, path.length)).not.toEqual(path)
    }
  })

  it('is read in parts: any range of nodes, or of the files that are signed', async () => {
    const stored = await storedTree(await openStore())
    expect(stored.head.pages.length).toBeGreaterThan(10)
    const all = await stored.entries(0, stored.entryCount)
    const signed = all.filter(({ entry }) => entry.outcome === 'signed')
    for (const [from, to] of [
      [0, 1],
      [250, 270],
      [255, 257],
      [1_000, 3_000],
      [4_890, 10_000],
      [10_000, 20_000],
      [5, 5],
    ] as const) {
      expect(await stored.entries(from, to)).toEqual(all.slice(from, to))
      expect(await stored.signedEntries(from, to)).toEqual(signed.slice(from, to))
    }
  })

  it('has one digest wherever it is put together, and another when anything in it is another', async () => {
    const digests = new Set<string>()
    const add = (nodes: Iterable<PlanNodeContent>) => compose(nodes, async ({ digest }) => digests.add(digest))
    await add(archiveTree(size))
    await add(archiveTree(size))
    expect(digests.size).toBe(1)
    const nodes = [...archiveTree(size)]
    const last = nodes.at(-1) as PlanNodeContent & { readonly kind: 'file' }
    await add([...nodes.slice(0, -1), { ...last, sha256: digestOf('other') }])
    await add(nodes.slice(0, -1))
    await add([...nodes, { ...last, path: [...last.path.slice(0, -1), 'z.exe'] }])
    expect(digests.size).toBe(4)
  })

  it('names in its second form the artifact configuration, and of nodes what was found by it', async () => {
    const store = await openStore()
    const artifactConfiguration = {
      artifactConfigurationId: '7c9e6679-7425-40de-944b-e07fc1f90ae7' as ArtifactConfigurationId,
      version: 3,
      documentDigest: digestOf('configuration'),
      parameters: { version: '1.2' },
    }
    const facts = { ...planFacts, schemaVersion: 2, plannerVersion: 2, artifactConfiguration } as const
    const [root, archive, ...rest] = [...archiveTree({ archives: 1, programsEach: 1 })] as PlanNodeContent[]
    const findings = { metadata: { 'product-name': 'Demo' }, warnings: ['Not signed: a.exe.'], outputs: ['a.sig'] }
    const nodes = [root, { ...archive, ...findings }, ...rest] as PlanNodeContent[]
    const reference = await withComposedPlan(facts, nodes, { folder: temporaryFolder() }, (composed) =>
      storeDocument(store, composed),
    )
    const { head, entries } = await openPlan(store, reference)
    expect(head).toMatchObject(facts)
    expect((await entries(0, 2)).map(({ entry }) => entry)).toMatchObject([{ path: root?.path }, findings])
    for (const wrong of [
      { ...planFacts, artifactConfiguration },
      { ...facts, artifactConfiguration: { ...artifactConfiguration, parameters: { version: 1 } } },
    ]) {
      const stored = await withComposedPlan(wrong as never, nodes, { folder: temporaryFolder() }, (composed) =>
        storeDocument(store, composed),
      )
      await expect(openPlan(store, stored)).rejects.toMatchObject({ code: 'PLAN_MALFORMED' })
    }
  })

  it('is refused when its nodes are not in order, are there twice, or are in what is not opened', async () => {
    const nodes = [...archiveTree({ archives: 2, programsEach: 2 })]
    const [root, first, ...rest] = nodes as [PlanNodeContent, PlanNodeContent, ...PlanNodeContent[]]
    for (const wrong of [
      [first, ...rest],
      [root, ...rest],
      [root, root],
      [...nodes, nodes.at(-1) as PlanNodeContent],
      [root, ...rest.slice(3), first],
      [...nodes, { ...first, path: [...(nodes.at(-1)?.path ?? []), 'inside'] }],
    ])
      await expect(compose(wrong, async () => undefined)).rejects.toMatchObject({ code: 'PLAN_MALFORMED' })
  })

  it('tells of a page that was changed, and still gives the others', async () => {
    const store = await openStore()
    const reference = await compose(archiveTree(size), (composed) => storeDocument(store, composed))
    const { path } = await store.open(reference.document)
    const text = readFileSync(path, 'utf8')
    chmodSync(path, 0o600)
    writeFileSync(path, text.replace('README', 'readme'))
    const stored = await openPlan(store, reference)
    await expect(stored.entries(0, 10)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
    await expect(stored.pageText(0)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
    expect(await stored.entries(1_000, 1_001)).toHaveLength(1)
  })

  it('has its head read once by those who remember heads, as its form, and its pages checked each time', async () => {
    const store = await openStore()
    const reference = await compose(archiveTree(size), (composed) => storeDocument(store, composed))
    const heads = new RecentHeads()
    const read: number[] = []
    const counted: Pick<ArtifactStore, 'open'> = {
      async open(document) {
        const stored = await store.open(document)
        const { path, read: from } = stored
        const counting: typeof from = (range) => {
          read.push(range?.start ?? 0)
          return from(range)
        }
        return { ...stored, path, read: counting }
      },
    }
    const first = await openPlan(counted, reference, heads)
    const again = await openPlan(counted, reference, heads)
    expect(again.headText).toBe(first.headText)
    expect(read).toEqual([0])
    await expect(openManifest(counted, reference, heads)).rejects.toMatchObject({ code: 'MANIFEST_MALFORMED' })
    const { path } = await store.open(reference.document)
    const text = readFileSync(path, 'utf8')
    chmodSync(path, 0o600)
    writeFileSync(path, text.replace('README', 'readme'))
    const changed = await openPlan(counted, reference, heads)
    await expect(changed.entries(0, 1)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
    writeFileSync(path, text.slice(0, -1))
    await expect(openPlan(counted, reference, heads)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
  })

  it('has its head forgotten when others were read since, of many pages sooner', () => {
    const of = (pages: number) => ({ head: { pages: Array(pages).fill(undefined) }, headText: '' })
    const heads = new RecentHeads()
    for (let number = 0; number < 17; number++) heads.set(`short ${number}`, of(1))
    expect(heads.get('short 0')).toBeUndefined()
    expect(heads.get('short 1')).toBeDefined()
    heads.set('long', of(9_998))
    expect(heads.get('short 1')).toBeDefined()
    expect(heads.get('short 2')).toBeUndefined()
    heads.set('longest', of(10_000))
    expect(heads.get('long')).toBeUndefined()
    expect(heads.get('longest')).toBeDefined()
  })
})

describe('the manifest of many signed files', () => {
  it('names all of them, and gives for the event the count and the first ones', async () => {
    const store = await openStore()
    const signedArtifact = { fileName: 'release.zip', sha256: digestOf('signed'), size: 9 }
    const manifest: SigningManifest = {
      kind: 'signingManifest',
      schemaVersion: 1,
      signingRequestId: planFacts.signingRequestId,
      attempt: 1,
      planDigest: digestOf('plan'),
      certificateThumbprint: 'ab'.repeat(32),
      signedArtifact,
    }
    const files = signedWithoutKey(archiveTree(size))
    const stored = await storeManifest(store, () => manifest, files, { folder: temporaryFolder() })
    const all = []
    for await (const file of signedWithoutKey(archiveTree(size))) all.push(file)
    expect(stored).toMatchObject({ fileCount: programs, manifest, files: all.slice(0, 20) })
    const opened = await openManifest(store, stored)
    expect(opened).toMatchObject({ entryCount: all.length, signedCount: programs })
    expect((await opened.entries(300, 310)).map(({ entry }) => entry)).toEqual(all.slice(300, 310))
    await expect(openPlan(store, stored)).rejects.toMatchObject({ code: 'PLAN_MALFORMED' })
  })
})
