import { describe, expect, it } from 'vitest'
import type { OrganizationId, ProjectId, UserId } from '../../domain/index.ts'
import type { ProjectView } from '../../projections/index.ts'
import { versionOperations } from '../../rest/administration/versions.ts'

const organizationId = '6f1d2a52-57d6-4b23-8a5e-0b6a3a6f3f01' as OrganizationId
const projectId = '0d0f4f5e-4c4e-4f8a-9d5b-5a1c8f1b7e02' as ProjectId
const by = { kind: 'user', userId: 'b7d1c7c0-5f3e-4d36-8a4b-1f0f4cf1a003' as UserId } as const

/** A project that was renamed each day of a year's first days. */
const versions = [1, 2, 3, 4, 5].map((day) => ({
  version: day,
  at: `2026-01-0${day}T12:00:00.000Z`,
  by,
  settings: { name: `Name ${day}`, description: null, repositoryUrl: null, readers: [], configurators: [] },
}))

const [operation] = versionOperations({
  application: { authorizeQuery: async () => undefined },
  readModel: {
    projectsByIds: async (of: OrganizationId, [id]: readonly ProjectId[]) =>
      of === organizationId && id === projectId ? [{ versions } as unknown as ProjectView] : [undefined],
  } as never,
})

async function ask(query: object, id: string = projectId) {
  if (operation === undefined) throw new Error('There is an operation for the versions of a project.')
  const { body } = await operation.handle({ caller: { organizationId }, parameters: { projectId: id }, query })
  const { items, nextCursor } = body as {
    readonly items: readonly { readonly version: number; readonly madeAt: string; readonly madeBy: object }[]
    readonly nextCursor: string | null
  }
  return { numbers: items.map(({ version }) => version), items, nextCursor }
}

describe('versions by REST', () => {
  it('are listed oldest first, page by page, with who made them and when', async () => {
    const first = await ask({ first: 2 })
    expect(first.items[0]).toEqual({ version: 1, madeAt: versions[0]?.at, madeBy: by, settings: versions[0]?.settings })
    const second = await ask({ first: 2, after: first.nextCursor })
    const third = await ask({ first: 2, after: second.nextCursor })
    expect([first.numbers, second.numbers, third.numbers, third.nextCursor]).toEqual([[1, 2], [3, 4], [5], null])
  })

  it('are those that had been made at a moment, however it is written', async () => {
    expect((await ask({ asOf: '2026-01-03T12:00:00Z' })).numbers).toEqual([1, 2, 3])
    expect((await ask({ asOf: '2026-01-03T11:59:59.999Z' })).numbers).toEqual([1, 2])
    expect((await ask({ asOf: '2025-12-31T00:00:00Z' })).numbers).toEqual([])
  })

  it('refuse a cursor of another list, and what is not there', async () => {
    await expect(ask({ after: 'x' })).rejects.toMatchObject({ code: 'CURSOR_MALFORMED' })
    await expect(ask({}, organizationId)).rejects.toMatchObject({ code: 'PROJECT_NOT_FOUND' })
  })
})
