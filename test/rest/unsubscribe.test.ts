import { createSecretKey, randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { mailedTokens, type Unsubscription } from '../../application/index.ts'
import { fold, preferencesOf, streams, type UserId, userDecider } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { registerRest } from '../../rest/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { unsubscribePath } from '../support/mailed-tokens.ts'

/** A service, and links to it as they stand in mails to the submitter. */
async function service() {
  const logger = pino({ level: 'silent' })
  const server = await startGraphQLServer({
    register: (http, _application, rest) => registerRest(http, { ...rest, logger }),
  })
  const { organizationId, submitter } = server
  const streamOf = async () => (await readWholeStream(server.log, streams.user(submitter.userId as UserId))).events
  return {
    server,
    address: (kind: Unsubscription['kind']) =>
      `${server.url}${unsubscribePath(organizationId, submitter.userId, kind)}`,
    streamOf,
    async preferences() {
      const user = fold(userDecider, await streamOf())
      return preferencesOf(user.status === 'none' ? undefined : user.notificationPreferences)
    },
  }
}

it('a bare POST of a mail program turns a kind off, once, and a GET changes nothing', async () => {
  const { address, preferences, streamOf } = await service()
  const url = address('unusualActivity')
  const before = await streamOf()
  const page = await fetch(url)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await page.text()).toContain('<form method="post">')
  expect(await fetch(url, { method: 'HEAD' })).toMatchObject({ status: 200 })
  expect(await streamOf()).toEqual(before)

  const oneClick = {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'List-Unsubscribe=One-Click',
  } as const
  expect((await fetch(url, oneClick)).status).toBe(200)
  expect(await preferences()).toMatchObject({ unusualActivity: 'never', requestOutcome: 'immediately' })
  const after = await streamOf()
  expect(after.at(-1)).toMatchObject({
    type: 'NotificationPreferencesChanged',
    metadata: { actor: { kind: 'system', component: 'unsubscribeLink' } },
  })
  const form = new FormData()
  form.set('List-Unsubscribe', 'One-Click')
  for (const again of [oneClick, { method: 'POST' }, { method: 'POST', body: form }])
    expect((await fetch(url, again)).status).toBe(200)
  expect(await streamOf()).toEqual(after)
})

it('a link of the mail of the day turns off what comes in it', async () => {
  const { server, address, preferences } = await service()
  const { data } = await server.ask(
    server.submitter,
    'mutation { changeNotificationPreferences(input: { preferences: [{ kind: requestOutcome, delivery: daily }] }) { userId } }',
  )
  expect(data.changeNotificationPreferences).toEqual({ userId: server.submitter.userId })
  expect((await fetch(address('daily'), { method: 'POST' })).status).toBe(200)
  expect(await preferences()).toMatchObject({ requestOutcome: 'never', approvalRequested: 'immediately' })
})

it('a link that is none of ours, or is for somebody else by a changed letter, is refused', async () => {
  const { server, address, streamOf } = await service()
  const before = await streamOf()
  const url = address('requestOutcome')
  const other = mailedTokens([createSecretKey(randomBytes(32))], { mailsInvitations: true })
  const { userId, organizationId } = { userId: server.submitter.userId, organizationId: server.organizationId }
  const foreign = other.unsubscription({ userId, organizationId, kind: 'daily' } as Unsubscription)
  for (const wrong of [
    `${url}A`,
    url.slice(0, -1),
    url.replace(/unsubscribe\/(.)/, (_, first) => `unsubscribe/${first === '_' ? 'A' : '_'}`),
    `${server.url}/notifications/unsubscribe/${foreign}`,
    `${server.url}/notifications/unsubscribe/x`,
  ])
    for (const method of ['GET', 'POST']) {
      const answer = await fetch(wrong, { method })
      expect([wrong, answer.status, (await answer.json()).code]).toEqual([wrong, 403, 'UNSUBSCRIPTION_INVALID'])
    }
  expect(await streamOf()).toEqual(before)
})
