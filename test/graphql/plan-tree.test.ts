import { expect, it } from 'vitest'
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

type PageInfo = { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly endCursor: string }
