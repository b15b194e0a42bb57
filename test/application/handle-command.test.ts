import { describe, expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import { type ProjectId, projectDecider, streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { fixedUuid } from '../support/submission.ts'
import { testApplication } from '../support/test-application.ts'

const deactivate = { type: 'DeactivateProject', reason: null } as const
const reactivate = { type: 'ReactivateProject' } as const

describe('a change that names the revision that it was made from', () => {
  it('happens while that is the newest, and is refused with the newer one after that', async () => {
    const test = await testApplication()
    const { projectId } = await test.policy({ submitters: [await test.user('Sam')] })
    const stream = streams.project(projectId)
    const send = (command: typeof deactivate | typeof reactivate, basedOnRevision?: number | null) =>
      handleCommand(
        test.dependencies,
        test.setup,
        stream,
        projectDecider,
        command,
        basedOnRevision === undefined ? {} : { basedOnRevision },
      )
    await send(deactivate, 0)
    await expect(send(reactivate, 0)).rejects.toMatchObject({
      code: 'CHANGE_STALE',
      details: { basedOnRevision: 0, currentRevision: 1 },
    })
    expect((await readWholeStream(test.dependencies.log, stream)).revision).toBe(1)
    await send(reactivate, 1)
    // Who names none does not care.
    await send(deactivate)
    await send(reactivate, null)
    expect((await readWholeStream(test.dependencies.log, stream)).revision).toBe(4)
  })

  it('is refused as any other where there is nothing to change', async () => {
    const test = await testApplication()
    const stream = streams.project(fixedUuid<ProjectId>('f'))
    await expect(
      handleCommand(test.dependencies, test.setup, stream, projectDecider, deactivate, { basedOnRevision: 3 }),
    ).rejects.toMatchObject({ code: 'PROJECT_NOT_FOUND' })
  })
})
