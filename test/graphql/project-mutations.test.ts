import { describe, expect, it } from 'vitest'
import { startGraphQLServer } from '../support/graphql-server.ts'

const fields =
  'projectId position changeProposal { id } project { slug name description repositoryUrl status revision readers { user { name } group { name } } versions { version name repositoryUrl madeBy { user { name } } } }'
const create = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { ${fields} } }`
const update = `mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { ${fields} } }`
const deactivate = `mutation ($input: DeactivateProjectInput!) { deactivateProject(input: $input) { ${fields} } }`
const reactivate = `mutation ($input: ReactivateProjectInput!) { reactivateProject(input: $input) { ${fields} } }`

describe('projects', () => {
  it('are created, changed, put out of use and into it again, each version with who made it', async () => {
    const { ask, administrator, auditor, log } = await startGraphQLServer()
    const created = await ask(administrator, create, {
      input: { slug: 'Driver', name: 'Driver', readers: [{ user: auditor.userId }] },
    })
    expect(created.errors).toBeUndefined()
    const { projectId, project, changeProposal } = created.data.createProject
    expect(changeProposal).toBeNull()
    expect(project).toMatchObject({ slug: 'driver', revision: 0, status: 'valid' })
    expect(project.readers).toEqual([{ user: { name: 'Otto Auditor' }, group: null }])
    const changed = await ask(administrator, update, {
      input: {
        projectId,
        basedOnRevision: 0,
        name: 'Kernel driver',
        repositoryUrl: 'https://git.example/driver',
        readers: [],
        configurators: [],
      },
    })
    expect(changed.data.updateProject).toMatchObject({
      position: await log.head(),
      project: { name: 'Kernel driver', description: null, readers: [], revision: 1 },
    })
    expect(changed.data.updateProject.project.versions).toEqual([
      { version: 1, name: 'Driver', repositoryUrl: null, madeBy: { user: { name: 'Ada Admin' } } },
      {
        version: 2,
        name: 'Kernel driver',
        repositoryUrl: 'https://git.example/driver',
        madeBy: { user: { name: 'Ada Admin' } },
      },
    ])
    const off = await ask(administrator, deactivate, { input: { projectId, reason: 'moved', basedOnRevision: 1 } })
    expect(off.data.deactivateProject.project).toMatchObject({ status: 'inactive', revision: 2 })
    const on = await ask(administrator, reactivate, { input: { projectId } })
    expect(on.data.reactivateProject.project).toMatchObject({ status: 'valid', revision: 3 })
    expect(on.data.reactivateProject.project.versions).toHaveLength(2)
  })

  it('are not changed from an older revision, by who may not, or to name nobody or two at once', async () => {
    const { ask, administrator, auditor, projectId } = await startGraphQLServer()
    const input = { projectId, basedOnRevision: 0, name: 'New', readers: [], configurators: [] }
    const code = async (user: typeof administrator, changes: object) =>
      (await ask(user, update, { input: { ...input, ...changes } })).errors?.[0]?.extensions.code
    expect(await code(auditor, {})).toBe('FORBIDDEN')
    expect(await code(administrator, { readers: [{}] })).toBe('ARGUMENTS_AMBIGUOUS')
    const both = { user: auditor.userId, group: auditor.userId }
    expect(await code(administrator, { configurators: [both] })).toBe('ARGUMENTS_AMBIGUOUS')
    expect(await code(administrator, { readers: [{ user: 'x-y' }] })).toBe('ID_MALFORMED')
    expect(await code(administrator, {})).toBeUndefined()
    expect(await code(administrator, { name: 'Newer' })).toBe('CHANGE_STALE')
  })
})
