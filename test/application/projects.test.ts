import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { load } from '../../application/load.ts'
import { type GroupId, type ProjectId, projectDecider, streams, type UserId } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { references } from '../support/submission.ts'
import { type TestApplication, testApplication } from '../support/test-application.ts'

async function withProject() {
  const test = await testApplication()
  const ada = await test.user('Ada', 'projectAdministrator')
  const { projectId } = await test.application.createProject(ada, {
    slug: 'driver',
    name: 'Driver',
    description: 'The driver',
    repositoryUrl: 'https://git.example/driver',
  })
  const settings = {
    name: 'Driver',
    description: 'The driver',
    repositoryUrl: 'https://git.example/driver',
    readers: [],
    configurators: [],
  }
  return { test, ada, projectId, settings }
}

const project = async ({ dependencies: { log } }: TestApplication, projectId: ProjectId) =>
  load(log, streams.project(projectId), projectDecider)

describe('a project', () => {
  it('is changed as a whole from the revision that was seen, and not from an older one', async () => {
    const { test, ada, projectId, settings } = await withProject()
    const reader = await test.user('Reader')
    const first = { ...settings, name: 'Kernel driver', description: null, readers: references(reader.userId) }
    await test.application.updateProject(ada, { projectId, basedOnRevision: 0, ...first })
    await expect(
      test.application.updateProject(ada, { projectId, basedOnRevision: 0, ...settings, name: 'Other' }),
    ).rejects.toMatchObject({ code: 'CHANGE_STALE', details: { basedOnRevision: 0, currentRevision: 1 } })
    expect(await project(test, projectId)).toMatchObject({ state: { ...first, slug: 'driver' }, revision: 1 })
    await test.application.deactivateProject(ada, { projectId, reason: 'moved', basedOnRevision: 1 })
    await expect(test.application.reactivateProject(ada, { projectId, basedOnRevision: 1 })).rejects.toMatchObject({
      code: 'CHANGE_STALE',
    })
    await test.application.reactivateProject(ada, { projectId })
    expect((await project(test, projectId)).state).toMatchObject({ status: 'valid' })
  })

  it('names only people and groups of the organization', async () => {
    const { test, ada, projectId, settings } = await withProject()
    const input = { projectId, basedOnRevision: 0, ...settings }
    const nobody = { user: randomUUID() as UserId }
    const nothing = { group: randomUUID() as GroupId }
    for (const [named, code] of [
      [nobody, 'USER_NOT_FOUND'],
      [nothing, 'GROUP_NOT_FOUND'],
    ] as const)
      for (const wrong of [{ readers: [named] }, { configurators: [named] }]) {
        await expect(test.application.updateProject(ada, { ...input, ...wrong })).rejects.toMatchObject({ code })
        const created = { slug: 'new', ...settings, ...wrong }
        await expect(test.application.createProject(ada, created)).rejects.toMatchObject({ code })
      }
    expect((await project(test, projectId)).revision).toBe(0)
  })

  it('of another organization is as one that there is not, whatever is asked of it', async () => {
    const { test, ada, projectId, settings } = await withProject()
    const stranger = { ...ada, organizationId: randomUUID() as typeof ada.organizationId }
    const unknown = randomUUID() as ProjectId
    for (const [caller, id] of [
      [stranger, projectId],
      [ada, unknown],
    ] as const)
      for (const ask of [
        () => test.application.updateProject(caller, { projectId: id, basedOnRevision: 0, ...settings, name: 'New' }),
        () => test.application.deactivateProject(caller, { projectId: id, reason: null }),
        () => test.application.reactivateProject(caller, { projectId: id }),
      ])
        await expect(ask()).rejects.toMatchObject({
          code: 'PROJECT_NOT_FOUND',
          message: 'There is no such project.',
        })
  })
})

describe('under change control', () => {
  async function controlled() {
    const { test, projectId, settings } = await withProject()
    const ada = await test.user('Ada', 'globalAdministrator')
    const bob = await test.user('Bob', 'globalAdministrator')
    await test.application.changeChangeControl(ada, {
      changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 },
    })
    return { test, ada, bob, projectId, settings }
  }

  it("another repository of a project needs others' approval, and a name, readers or deactivation do not", async () => {
    const { test, ada, bob, projectId, settings } = await controlled()
    const named = { ...settings, name: 'Kernel driver', readers: references(bob.userId) }
    const done = await test.application.updateProject(ada, { projectId, basedOnRevision: 0, ...named })
    expect(done.changeProposalId).toBeUndefined()
    const moved = { ...named, name: 'Moved', repositoryUrl: 'https://git.example/other' }
    const { changeProposalId } = await test.application.updateProject(ada, { projectId, basedOnRevision: 1, ...moved })
    expect((await project(test, projectId)).state).toMatchObject(named)
    await test.application.approveChange(bob, { changeProposalId: String(changeProposalId), comment: null })
    expect((await project(test, projectId)).state).toMatchObject(moved)
    const { events } = await readWholeStream(test.dependencies.log, streams.project(projectId))
    expect(events.at(-1)?.metadata.changeProposalId).toBe(changeProposalId)
    const off = await test.application.deactivateProject(ada, { projectId, reason: null })
    expect(off.changeProposalId).toBeUndefined()
    expect((await test.application.reactivateProject(ada, { projectId })).changeProposalId).toBeDefined()
    expect((await project(test, projectId)).state).toMatchObject({ status: 'inactive' })
  })
})
