import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { changeGroupMembers, createGroup, describeGroup } from '../../application/groups.ts'
import { historyText } from '../../cli/output/history-text.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'
import { until } from '../support/until.ts'

const countersign = (server: GraphQLTestServer, user: { readonly token: string }, ...args: readonly string[]) =>
  runCommand(args, { environment: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: user.token } })

async function withGroup() {
  const server = await startGraphQLServer()
  const { dependencies, setup, approvers, auditor } = server
  const [anna, bert] = approvers.map(({ userId }) => userId)
  if (anna === undefined || bert === undefined) throw new Error('There are three.')
  const { groupId } = await createGroup(dependencies, setup, { name: 'Approvers', description: null, members: [anna] })
  const at = new Date().toISOString()
  await until('the clock has gone on', () => new Date().toISOString() > at)
  await changeGroupMembers(dependencies, setup, { groupId, add: [bert], remove: [anna] })
  await describeGroup(dependencies, setup, { groupId, name: 'Signers', description: null })
  await server.caughtUp()
  return { server, auditor, groupId, at, anna, bert }
}

it('prints nothing that a terminal acts on, whatever stands in a history', () => {
  const change = { path: 'na\u001b[31mme', kind: 'changed', before: 'a\u202eb', after: { c: 'd\u009b' } } as const
  const actor = { kind: 'system', user: null, component: 'set\u001bup' } as const
  const event = { type: 'Re\u2066named', occurredAt: '2026-05-01T10:00:00.000Z', revision: 1, actor, data: {} }
  const text = historyText(
    [{ event: { ...event, eventId: 'e', remoteAddress: '::1\u202e' }, changes: [change] }],
    (_, each) => each,
  )
  expect(text).not.toMatch(/\p{Cf}|(?!\n)\p{Cc}/u)
})

describe('countersign audit history', () => {
  it('shows who did what, and what it changed', async () => {
    const { server, auditor, groupId, anna, bert } = await withGroup()
    const { code, stdout, stderr } = await countersign(server, auditor, 'audit', 'history', 'group', groupId)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.split('\n')
    expect(lines).toContain(`  + members: ["${anna}"]`)
    expect(lines).toContain(`  - members: "${anna}"`)
    expect(lines).toContain(`  + members: "${bert}"`)
    expect(lines).toContain('  ~ name: "Approvers" → "Signers"')
    expect(stdout).toMatch(/by setup/)
  })

  it('is one JSON document, of now or as of a moment', async () => {
    const { server, auditor, groupId, at } = await withGroup()
    const history = async (...options: readonly string[]) =>
      JSON.parse(
        (await countersign(server, auditor, 'audit', 'history', 'group', groupId, '--json', ...options)).stdout,
      )
    const types = ({ history }: { history: { event: { type: string } }[] }) => history.map(({ event }) => event.type)
    const now = await history()
    expect(now).toMatchObject({ kind: 'group', id: groupId, asOf: null })
    expect(types(now)).toEqual(['GroupCreated', 'GroupMembersChanged', 'GroupDescribed'])
    const then = await history('--as-of', at)
    expect(then.asOf).toBe(at)
    expect(types(then)).toEqual(['GroupCreated'])
  })

  it('is asked for by all the names that commands have for things', async () => {
    const { server, auditor } = await withGroup()
    const things = [
      ['organization', server.organizationId],
      ['user', server.approvers[0].userId],
      ['key', server.keyId],
      ['certificate', server.certificateId],
      ['project', server.projectId],
      ['policy', server.releasePolicyId],
      ['request', await server.submit('test-signing')],
    ] as const
    await server.caughtUp()
    for (const [kind, id] of things)
      expect([kind, (await countersign(server, auditor, 'audit', 'history', kind, id)).code]).toEqual([kind, 0])
  })

  it('finds a project and a policy by their slugs, too, in whatever case', async () => {
    const { server, auditor } = await withGroup()
    const ids = async (kind: string, text: string) => {
      const { stdout } = await countersign(server, auditor, 'audit', 'history', kind, text, '--json')
      return JSON.parse(stdout)
    }
    expect(await ids('project', 'demo')).toEqual(await ids('project', server.projectId))
    expect((await ids('policy', 'Demo/Release-Signing')).id).toBe(server.releasePolicyId)
    for (const [kind, text, code] of [
      ['project', 'no-such', 'PROJECT_NOT_FOUND'],
      ['policy', 'release-signing', 'SIGNING_POLICY_NOT_FOUND'],
      ['policy', 'demo/no-such', 'SIGNING_POLICY_NOT_FOUND'],
    ] as const) {
      const ran = await countersign(server, auditor, 'audit', 'history', kind, text)
      expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining(code) })
    }
  })

  it('says what is not there, and what it does not know', async () => {
    const { server, auditor, groupId } = await withGroup()
    const history = (...args: readonly string[]) => countersign(server, auditor, 'audit', 'history', ...args)
    expect(await history('group', randomUUID())).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('ENTITY_NOT_FOUND'),
    })
    expect(await history('group', groupId, '--as-of', '2020-01-01')).toMatchObject({ code: 6 })
    expect(await history('thing', groupId)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('organization, user'),
    })
    expect(await history('group', 'Approvers')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ID_MALFORMED'),
    })
    expect(await history('group', groupId, '--as-of', 'yesterday')).toMatchObject({ code: 2 })
    const refused = await countersign(server, server.submitter, 'audit', 'history', 'user', server.auditor.userId)
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('FORBIDDEN') })
  })
})
