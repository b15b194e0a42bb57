import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { unusualActivityText } from '../../cli/output/unusual-activity-text.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'
import { until } from '../support/until.ts'
import { recordUnusualFinding } from '../support/unusual-finding.ts'

const countersign = (server: GraphQLTestServer, user: { readonly token: string }, ...args: readonly string[]) =>
  runCommand(args, { environment: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: user.token } })

/** A service with two findings, and a refusal that the submitter was given. */
async function withFindings() {
  const server = await startGraphQLServer()
  const { auditor, submitter, approvers } = server
  const about = { organizationId: server.organizationId, signingPolicyId: server.releasePolicyId }
  await recordUnusualFinding(server.log, { ...about, userId: submitter.userId, at: '2026-03-01T03:10:00.000Z' })
  const facts = { rule: 'newNetwork', seen: { networks: 3 }, usual: { networks: 2, uses: 50 }, about: 'user' } as never
  await recordUnusualFinding(server.log, { ...about, userId: approvers[0].userId, facts })
  const refused = await countersign(server, submitter, 'audit', 'security')
  expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('FORBIDDEN') })
  const json = async (...args: readonly string[]) =>
    JSON.parse((await countersign(server, auditor, 'audit', ...args, '--json')).stdout)
  await until('the refusal is shown', async () => {
    await server.caughtUp()
    return (await json('security')).refusals.length > 0
  })
  return { server, auditor, submitter, approver: approvers[0], json }
}

describe('countersign audit security', () => {
  it('lists who was refused what, and what is unusual, for auditors', async () => {
    const { server, auditor, submitter, json } = await withFindings()
    expect(await json('security')).toMatchObject({
      refusals: [{ code: 'FORBIDDEN', commands: ['securityRefusals'], actor: { userId: submitter.userId } }],
      more: false,
      unusualActivity: [{ rule: 'newNetwork' }, { rule: 'unusualHour' }],
      moreUnusualActivity: false,
    })
    const { stdout } = await countersign(server, auditor, 'audit', 'security', '--limit', '1')
    expect(stdout).toMatch(/Sam Submitter .*securityRefusals +FORBIDDEN/)
    expect(stdout).toMatch(/newNetwork +1 +Anna \(policy \S+\) +192\.0\.2\.7 +A release policy was used from a network/)
    expect(await countersign(server, auditor, 'audit', 'security', '--limit', '0')).toMatchObject({ code: 2 })
  })

  it('is restricted by code, user and time', async () => {
    const { json, submitter, approver } = await withFindings()
    const counts = async (...options: readonly string[]) => {
      const { refusals, unusualActivity } = await json('security', ...options)
      return [refusals.length, unusualActivity.length]
    }
    expect(await counts('--code', 'FORBIDDEN')).toEqual([1, 0])
    expect(await counts('--code', 'TOKEN_INVALID')).toEqual([0, 0])
    expect(await counts('--user', submitter.userId)).toEqual([1, 1])
    expect(await counts('--user', approver.userId)).toEqual([0, 1])
    expect(await counts('--since', '2026-03-02')).toEqual([1, 1])
    expect(await counts('--until', '2026-03-02')).toEqual([0, 1])
  })
})

describe('countersign audit unusual-activity', () => {
  it('lists what was found, with what it rests on, for auditors', async () => {
    const { server, submitter, json } = await withFindings()
    const refused = await countersign(server, submitter, 'audit', 'unusual-activity')
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('FORBIDDEN') })
    const { unusualActivity, more } = await json('unusual-activity', '--rule', 'unusualhour')
    expect(more).toBe(false)
    expect(unusualActivity).toMatchObject([
      {
        rule: 'unusualHour',
        description: 'A release policy was used at 3 h UTC; it is used at 9, 10, 11 h (120 uses).',
        count: 1,
        subjects: [{ about: 'signingPolicy', userId: submitter.userId, user: { name: 'Sam Submitter' } }],
        seen: { hour: 3 },
        remoteAddress: '192.0.2.7',
        evidence: [{ streamId: expect.stringMatching(/^signingRequest-/) }],
      },
    ])
    expect(await json('unusual-activity', '--user', randomUUID())).toEqual({ unusualActivity: [], more: false })
    expect(await json('unusual-activity', '--limit', '1')).toMatchObject({ unusualActivity: [{}], more: true })
  })

  it('says which rules there are, and what it cannot read', async () => {
    const { server, auditor } = await withFindings()
    const ask = (...args: readonly string[]) => countersign(server, auditor, 'audit', 'unusual-activity', ...args)
    expect(await ask('--rule', 'odd')).toMatchObject({ code: 2, stderr: expect.stringContaining('newNetwork') })
    expect(await ask('--user', 'Anna')).toMatchObject({ code: 2, stderr: expect.stringContaining('ID_MALFORMED') })
    expect(await ask('--since', 'yesterday')).toMatchObject({ code: 2 })
  })

  it('names a few of many whom a record is about, and prints nothing that a terminal acts on', () => {
    const subjects = Array.from({ length: 8 }, (_, index) => ({
      about: 'user' as const,
      userId: `${index}`,
      user: { name: `U${index}\u001b[31m` },
      signingPolicyId: null,
      signingPolicy: null,
    }))
    const record = { eventId: 'e', occurredAt: '2026-03-01T03:10:00.000Z', rule: 'newNetwork', description: 'Further.' }
    const times = { count: 11, firstAt: record.occurredAt, lastAt: record.occurredAt, unnamed: 3 }
    const nothing = { apiTokenId: null, signingRequestId: null, seen: null, usual: null, remoteAddress: '::1\u202e' }
    const text = unusualActivityText(
      [{ ...record, ...times, ...nothing, rule: 'newNetwork', subjects, evidence: [] }],
      (_, each) => each,
    )
    expect(text).toMatch(/U0.*U4.*, 6 more/)
    expect(text).toContain('11 findings in 1 record.')
    expect(text).not.toMatch(/\p{Cf}|(?!\n)\p{Cc}/u)
  })
})
