import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { eventMetadata, type WebHookId } from '../../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../../event-log/index.ts'
import { type Mailing, mailing } from '../../support/mailing.ts'

/** Has a part of the service say that something happened. */
async function happens(world: Mailing, streamId: string, ...events: readonly { type: string; data: object }[]) {
  const { log } = world.test.dependencies
  const { revision } = await readWholeStream(log, streamId)
  const actor = { kind: 'system', component: 'test' } as const
  const about = { organizationId: world.test.setup.organizationId, occurredAt: world.test.clock.now }
  const prepared = events.map(({ type, data }) => ({ type, data: { schemaVersion: 1, ...data } }))
  await log.append(
    streamId,
    prepareEvents(streamId, revision, prepared as never, eventMetadata({ actor, callId: randomUUID() }, about)),
    revision,
  )
}

const told = (mails: readonly { readonly to: string; readonly text: string }[]) =>
  mails.map(({ to, text }) => `${to}: ${text.split('\n')[0]}`).sort()

describe('administrators are told', () => {
  it('of certificates that expire: those of certificates, and Global Administrators', async () => {
    const world = await mailing()
    await world.person('Ada', 'globalAdministrator')
    await world.person('Cert', 'certificateAdministrator')
    await world.person('Uma', 'userAdministrator')
    const certificateId = await world.test.certificate()
    const notAfter = '2026-03-08T12:00:00.000Z'
    await happens(world, `certificate-${certificateId}`, {
      type: 'CertificateExpiryWarned',
      data: { days: 7, notAfter },
    })
    const said = 'The certificate test expires in 7 days or less.'
    expect(told(await world.deliver())).toEqual([`ada@example.test: ${said}`, `cert@example.test: ${said}`])
  })

  it('of changes that wait: who may approve them, and not their author', async () => {
    const world = await mailing()
    const ada = await world.person('Ada', 'globalAdministrator')
    await world.person('Bob', 'globalAdministrator')
    await world.person('Uma', 'userAdministrator')
    const { userId } = await world.person('Ed')
    const { application } = world.test
    await application.changeChangeControl(ada, { changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } })
    await world.deliver()
    await application.grantGlobalRole(ada, { userId, role: 'globalReader' })
    const mails = await world.deliver()
    expect(told(mails)).toEqual([
      'bob@example.test: A change that Ada proposed waits for your approval.',
      'uma@example.test: A change that Ada proposed waits for your approval.',
    ])
    expect(mails[0]?.text).toContain('GlobalRoleGranted')
  })

  it('of unusual activity', async () => {
    const world = await mailing()
    const ada = await world.person('Ada', 'globalAdministrator')
    const at = world.test.clock.now
    await happens(world, `unusualActivity-${randomUUID()}`, {
      type: 'FurtherUnusualActivityDetected',
      data: { rule: 'newNetwork', count: 3, subjects: [], unnamed: 3, firstAt: at, lastAt: at },
    })
    expect(told(await world.deliver())).toEqual([
      'ada@example.test: 3 more findings of the rule newNetwork within an hour.',
    ])
    expect(ada.roles).toContain('globalAdministrator')
  })

  it('of web hooks whose receiver is gone, and not of those that people turned off', async () => {
    const world = await mailing()
    await world.person('Ada', 'globalAdministrator')
    const webHookId = randomUUID() as WebHookId
    const settings = { name: 'Chat', url: 'https://chat.test/hook', eventTypes: ['completed'], authorizationId: null }
    const { organizationId } = world.test.setup
    const created = { ...settings, webHookId, organizationId, projectId: null, secretId: randomUUID() }
    const stream = `webHook-${webHookId}`
    await happens(world, stream, { type: 'WebHookCreated', data: created })
    await happens(world, stream, { type: 'WebHookDisabled', data: { cause: 'asked', reason: null } })
    await happens(world, stream, { type: 'WebHookEnabled', data: {} })
    expect(await world.deliver()).toEqual([])
    await happens(world, stream, { type: 'WebHookDisabled', data: { cause: 'gone', reason: null } })
    expect(told(await world.deliver())).toEqual([
      'ada@example.test: The web hook Chat was turned off: its receiver answered that nobody is there any more (410).',
    ])
  })
})
