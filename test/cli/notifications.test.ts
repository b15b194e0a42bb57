import { describe, expect, it } from 'vitest'
import { issueApiToken } from '../../application/api-tokens.ts'
import { createCiUser } from '../../application/create-user.ts'
import type { UserId } from '../../domain/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'

describe('countersign notification', () => {
  it('shows and changes what somebody is told of, for themselves alone', async () => {
    const server = await startGraphQLServer()
    const as = (token: string, ...args: readonly string[]) =>
      runCommand(args, { environment: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: token } })
    const { token, userId } = server.submitter
    const delivered = async () => {
      const { stdout } = await as(token, 'notification', 'show', '--json')
      const { notificationPreferences } = JSON.parse(stdout)
      return Object.fromEntries(
        notificationPreferences.map((each: { kind: string; delivery: string }) => [each.kind, each.delivery]),
      )
    }
    expect(new Set(Object.values(await delivered()))).toEqual(new Set(['immediately']))

    const set = await as(token, 'notification', 'set', 'all=never', 'approvalRequested=daily', '--json')
    expect(JSON.parse(set.stdout)).toMatchObject({ userId })
    expect(await delivered()).toMatchObject({ approvalRequested: 'daily', requestOutcome: 'never' })
    await as(token, 'notification', 'set', 'requestOutcome=immediately')
    expect(await delivered()).toMatchObject({ approvalRequested: 'daily', requestOutcome: 'immediately' })
    expect((await as(token, 'notification', 'show')).stdout).toMatch(/approvalRequested +daily/)

    const stale = await as(token, 'notification', 'set', 'all=never', '--based-on', '0')
    expect(stale).toMatchObject({ code: 6, stderr: expect.stringContaining('CHANGE_STALE') })
    for (const wrong of ['all', 'all=often', 'everything=never', 'all=never=daily'])
      expect(await as(token, 'notification', 'set', wrong), wrong).toMatchObject({ code: 2 })
    expect(await delivered()).toMatchObject({ approvalRequested: 'daily' })
  })

  it('says of CI users that they have no address', async () => {
    const server = await startGraphQLServer()
    const { dependencies, setup, submitter } = server
    const { userId } = await createCiUser(dependencies, setup, {
      name: 'Builds',
      responsible: submitter.userId as UserId,
    })
    const { token } = await issueApiToken(dependencies, setup, { userId, name: 'pipeline', expiresAt: null })
    const ran = await runCommand(['notification', 'set', 'all=never', '--based-on', '1'], {
      environment: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: token },
    })
    expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining('NOTIFICATION_NEEDS_PERSON') })
  })
})
