import { expect, it } from 'vitest'
import { knownArtifact } from '../../domain/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { archiveTree, signedWithoutKey } from '../support/plan-tree.ts'

const size = { archives: 3, programsEach: 130 }

it('shows the tree of a plan and what was signed page by page, from the front, from the back and level by level', async () => {
  const server = await startGraphQLServer()
  const id = await server.submit('test-signing')
  const digest = await server.plan(id, archiveTree(size))
  await server.complete(id, digest, signedWithoutKey(archiveTree(size)))
  await server.caughtUp()
  const all = [...archiveTree(size)]
  async function page(field: string): Promise<{ nodes: { path: string[]; index: number }[]; pageInfo: PageInfo }> {
    const { data, errors } = await server.ask(server.submitter, `{ signingRequest(id: "${id}") { ${field} } }`)
    expect(errors).toBeUndefined()
    const [found] = Object.values(data.signingRequest as Record<string, object>)
    const [list] = Object.values(found ?? {})
    return list.nodes[0].children ?? list
  }
  async function pathsOf(field: (after: string) => string): Promise<string[][]> {
    const paths: string[][] = []
    for (let after = ''; ; ) {
      const { nodes, pageInfo } = await page(field(after))
      paths.push(...nodes.map(({ path }) => path))
      if (!pageInfo.hasNextPage) return paths
      after = `, after: "${pageInfo.endCursor}"`
    }
  }
  const shown = '{ nodes { path } pageInfo { hasNextPage hasPreviousPage endCursor } }'
  const signed = all.filter(({ outcome }) => outcome === 'signed').map(({ path }) => path)
  expect(await pathsOf((after) => `plan { nodes(first: 97${after}) ${shown} }`)).toEqual(all.map(({ path }) => path))
  expect(await pathsOf((after) => `plan { files(first: 100${after}) ${shown} }`)).toEqual(signed)
  expect(await pathsOf((after) => `manifest { files(first: 100${after}) ${shown} }`)).toEqual(signed)
  expect(
    await pathsOf((after) => `plan { nodes(first: 1) { nodes { children(first: 2${after}) ${shown} } } }`),
  ).toEqual(all.filter(({ path }) => path.length === 2).map(({ path }) => path))
  const last = await page(`plan { files(last: 3) ${shown} }`)
  expect(last.nodes.map(({ path }) => path)).toEqual(signed.slice(-3))
  expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })

  const foreign = (await page(`plan { nodes(first: 1) ${shown} }`)).pageInfo.endCursor
  const { errors } = await server.ask(
    server.submitter,
    `{ signingRequest(id: "${id}") { plan { files(after: "${foreign}") { nodes { path } } } } }`,
  )
  expect(errors?.[0]?.extensions.code).toBe('CURSOR_MALFORMED')
})

it('refuses cursors of other lists, of other plans and beyond the end, and a plan of another request', async () => {
  const server = await startGraphQLServer()
  const [id, other, deceived] = [await server.submit(), await server.submit(), await server.submit()]
  const digest = await server.plan(id, archiveTree({ archives: 2, programsEach: 2 }))
  const otherDigest = await server.plan(other, archiveTree({ archives: 2, programsEach: 2 }))
  await server.caughtUp()
  const [found] = await server.readModel.signingRequestsByIds(server.organizationId, [id])
  const artifact = found === undefined ? null : knownArtifact(found)
  if (artifact === null) throw new Error('The request has no artifact.')
  await server.tell(deceived, { type: 'RecordRetrieval', artifact })
  await server.tell(deceived, {
    type: 'RecordPlan',
    planDigest: digest,
    planDocument: found?.plan?.document ?? digest,
    certificateThumbprint: 'ab'.repeat(32),
    plannerVersion: 1,
    nodeCount: 9,
    fileCount: 4,
    at: '2026-03-01T12:00:00.000Z',
  })
  await server.caughtUp()
  async function codeOf(request: string, field: string): Promise<string | undefined> {
    const query = `{ signingRequest(id: "${request}") { plan { ${field} } } }`
    const { errors, text } = await server.ask(server.submitter, query)
    if (errors !== undefined) expect(text).not.toContain('release.zip')
    return errors?.[0]?.extensions.code
  }
  const cursor = (number: unknown, list: string) =>
    Buffer.from(JSON.stringify([String(number), list])).toString('base64url')
  const after = (text: string) => `nodes(first: 3, after: "${text}") { nodes { path } }`
  const children = (text: string) =>
    `nodes(first: 1) { nodes { children(first: 3, after: "${text}") { nodes { path } } } }`
  expect(await codeOf(id, after(cursor(8, `nodes ${digest}`)))).toBeUndefined()
  expect(await codeOf(id, children(cursor(1, `children 0 ${digest}`)))).toBeUndefined()
  for (const wrong of [
    cursor(9, `nodes ${digest}`),
    cursor(10 ** 14, `nodes ${digest}`),
    cursor(-1, `nodes ${digest}`),
    cursor('1e1', `nodes ${digest}`),
    cursor(3, `nodes ${otherDigest}`),
    cursor(3, `files ${digest}`),
    'no cursor',
  ])
    expect(await codeOf(id, after(wrong)), wrong).toBe('CURSOR_MALFORMED')
  for (const wrong of [cursor(9, `children 0 ${digest}`), cursor(2, `children 1 ${digest}`)])
    expect(await codeOf(id, children(wrong)), wrong).toBe('CURSOR_MALFORMED')
  // In an archive in the artifact, not right in the artifact.
  expect(await codeOf(id, children(cursor(2, `children 0 ${digest}`)))).toBe('CURSOR_MALFORMED')
  expect(await codeOf(deceived, after(cursor(3, `nodes ${digest}`)))).toBe('PLAN_MALFORMED')
  expect(await codeOf(deceived, 'document')).toBe('PLAN_MALFORMED')
  expect(await codeOf(deceived, 'page(index: 0)')).toBe('PLAN_MALFORMED')
})

type PageInfo = { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly endCursor: string }
