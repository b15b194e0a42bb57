import { describe, expect, it, onTestFinished } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import { createApplication } from '../../application/index.ts'
import { signingPolicyDecider, streams } from '../../domain/index.ts'
import type { LogPosition } from '../../event-log/index.ts'
import { compareReadModel, openReadModel, openSqliteReadModel, startProjector } from '../../projections/index.ts'
import { submitterIndex } from '../../server/submitter-index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TestCaller, testApplication } from '../support/test-application.ts'
import { until } from '../support/until.ts'

/** The use cases with the index that the service has: the read model's. */
async function installation() {
  const test = await testApplication()
  const { log } = test.dependencies
  const database = openSqliteReadModel({ path: `${temporaryFolder()}/read-model.db` })
  const { readModel, progress } = openReadModel(database)
  let projector = startProjector({ log, database, progress })
  onTestFinished(async () => {
    await projector.stop()
    await readModel.close()
  })
  // Its tables are made first.
  const head = await log.head()
  await until('the read model is there', () =>
    readModel.waitFor(head as LogPosition, { timeoutMs: 10_000 }).then(
      () => true,
      () => false,
    ),
  )
  const application = createApplication({ ...test.dependencies, submitters: submitterIndex(log, readModel) })
  async function upload(caller: TestCaller): Promise<string> {
    async function* bytes() {
      yield Buffer.from('a program')
    }
    return application.uploadArtifact(caller, { fileName: 'setup.exe', bytes: bytes() }).then(
      () => 'taken',
      (error: { code: string }) => error.code,
    )
  }
  const differences = async () => (await compareReadModel(log, database)).differences
  return {
    test,
    application,
    upload,
    differences,
    stop: () => projector.stop(),
    start: () => {
      projector = startProjector({ log, database, progress })
    },
  }
}

describe('an upload', () => {
  it('is taken of submitters of some active policy, and of nobody else, as of now', async () => {
    const { test, upload, differences } = await installation()
    const [anna, bert] = [await test.user('Anna'), await test.user('Bert')]
    const administrator = await test.user('Ada', 'globalAdministrator', 'projectAdministrator')
    expect(await upload(anna)).toBe('FORBIDDEN')
    const { signingPolicyId } = await test.policy({ submitters: [anna] })
    // Right after: the read model may not have it yet.
    expect(await upload(anna)).toBe('taken')
    expect(await upload(bert)).toBe('FORBIDDEN')
    expect(await upload(administrator)).toBe('FORBIDDEN')
    const policy = streams.signingPolicy(signingPolicyId)
    const command = { type: 'DeactivateSigningPolicy', reason: null } as const
    await handleCommand(test.dependencies, test.setup, policy, signingPolicyDecider, command)
    expect(await upload(anna)).toBe('FORBIDDEN')
    await test.policy({ submitters: [bert], slug: 'other' })
    expect(await upload(bert)).toBe('taken')
    expect(await differences()).toEqual([])
  })

  it('is taken of members of groups that may submit, as of now', async () => {
    const { test, application, upload, differences } = await installation()
    const [anna, bert] = [await test.user('Anna'), await test.user('Bert')]
    const input = { name: 'Developers', description: null, members: [anna.userId] }
    const { groupId } = await application.createGroup(test.setup, input)
    await test.policy({ submitters: [{ group: groupId }] })
    expect([await upload(anna), await upload(bert)]).toEqual(['taken', 'FORBIDDEN'])
    await application.changeGroupMembers(test.setup, { groupId, add: [bert.userId], remove: [anna.userId] })
    expect([await upload(anna), await upload(bert)]).toEqual(['FORBIDDEN', 'taken'])
    await application.changeGroupMembers(test.setup, { groupId, add: [anna.userId], remove: [] })
    expect(await upload(anna)).toBe('taken')
    expect(await differences()).toEqual([])
  })

  it('is refused by the log although a read model that is behind names the caller', async () => {
    const { test, application, upload, stop, start } = await installation()
    const anna = await test.user('Anna')
    const { signingPolicyId } = await test.policy({ submitters: [anna] })
    expect(await upload(anna)).toBe('taken')
    await stop()
    const policy = streams.signingPolicy(signingPolicyId)
    const command = { type: 'DeactivateSigningPolicy', reason: null } as const
    await handleCommand(test.dependencies, test.setup, policy, signingPolicyDecider, command)
    const asked = application.admitUpload(anna, { size: 9 })
    start()
    await expect(asked).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})
