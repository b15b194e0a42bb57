import { describe, expect, it } from 'vitest'
import { eventText } from '../../cli/output/event-text.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'

/** A service with people at its command line. */
async function service() {
  const server = await startGraphQLServer()
  const as =
    ({ token }: { readonly token: string }) =>
    (...args: readonly string[]) =>
      runCommand(args, { environment: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: token, NO_COLOR: '1' } })
  const { administrator, approvers, submitter, auditor } = server
  const release = (await server.ask(administrator, 'query ($id: ID!) { signingPolicy(id: $id) { slug } }', {
    id: server.releasePolicyId,
  })) as { readonly data: { readonly signingPolicy: { readonly slug: string } } }
  const until = new Date(Date.now() + 86_400_000).toISOString()
  const terms = [
    ...['--project', 'demo', '--policy', release.data.signingPolicy.slug],
    ...['--until', until, '--requests', '2', '--file', 'setup-*.exe', '--file', 'tool.exe'],
  ]
  return {
    server,
    terms,
    until,
    administrator: as(administrator),
    anna: as(approvers[0]),
    submitter: as(submitter),
    auditor: as(auditor),
  }
}

describe('countersign grant', () => {
  it('gives a grant in the own name, and everybody sees what it is for', async () => {
    const { server, anna, auditor, terms, until } = await service()
    const given = await anna(
      'grant',
      'create',
      ...terms,
      '--product-version',
      '2.*',
      '--comment',
      'The night',
      '--json',
    )
    expect(given).toMatchObject({ code: 0, stderr: '' })
    const { grantId, position } = JSON.parse(given.stdout)
    await server.caughtUp()

    const listed = await auditor('grant', 'list')
    expect(listed.stdout).toMatch(
      new RegExp(`${grantId} +in force +Anna +demo/\\S+ +setup-\\*\\.exe, tool\\.exe; version 2\\.\\* +.* +0 of 2`),
    )
    const shown = await auditor('grant', 'show', grantId)
    expect(shown.stdout).toContain('The night')
    expect(shown.stdout).toMatch(/Given by Anna for 2 requests until/)
    const { stdout } = await auditor('grant', 'show', grantId, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      grantId,
      status: 'inForce',
      giver: { userId: server.approvers[0].userId },
      until,
      maximumRequests: 2,
      fileNames: ['setup-*.exe', 'tool.exe'],
      versions: ['2.*'],
      branches: [],
      uses: [],
      revocation: null,
      events: [{ type: 'GrantGiven' }],
    })
    expect(position).toMatch(/^[0-9a-f]+$/)
  })

  it('revokes a grant at once, by its giver and by administrators, and by nobody else', async () => {
    const { server, anna, submitter, administrator, auditor, terms } = await service()
    const give = async () => JSON.parse((await anna('grant', 'create', ...terms, '--json')).stdout).grantId as string
    const [first, second] = [await give(), await give()]
    expect(await submitter('grant', 'revoke', first)).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('FORBIDDEN'),
    })
    expect(await anna('grant', 'revoke', first, '--reason', 'Released')).toMatchObject({ code: 0 })
    expect(await anna('grant', 'revoke', first)).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('GRANT_REVOKED'),
    })
    expect(await administrator('grant', 'revoke', second)).toMatchObject({ code: 0 })
    await server.caughtUp()
    const shown = JSON.parse((await auditor('grant', 'show', first, '--json')).stdout)
    expect(shown).toMatchObject({ status: 'revoked', revocation: { reason: 'Released', revokedBy: { name: 'Anna' } } })
    const history = await auditor('audit', 'history', 'grant', first)
    expect(history).toMatchObject({ code: 0, stdout: expect.stringContaining('Revoked by Anna: Released') })
    // As it was when the second was given, the first was in force.
    const asked = await server.ask(
      server.auditor,
      'query ($id: ID!, $at: DateTime!) { grant(id: $id, asOf: $at) { status revocation { reason } } now: grant(id: $id) { status } }',
      { id: first, at: shown.events[0].occurredAt },
    )
    expect(asked.data).toEqual({ grant: { status: 'inForce', revocation: null }, now: { status: 'revoked' } })
  })

  it('refuses who is no approver, and what no grant can be, and gives nothing then', async () => {
    const { server, anna, administrator, submitter, auditor, terms } = await service()
    const refusals = [
      [administrator, terms, 'FORBIDDEN', 6],
      [submitter, terms, 'FORBIDDEN', 6],
      [anna, [...terms, '--until', '2020-01-01'], 'GRANT_WINDOW_INVALID', 6],
      [anna, [...terms, '--branch', ' '], 'GLOB_MALFORMED', 6],
      [anna, [...terms, '--project', 'nothing'], 'PROJECT_NOT_FOUND', 6],
      [anna, [...terms, '--requests', 'all'], 'USAGE', 2],
      [anna, [...terms, '--until', 'tomorrow'], 'USAGE', 2],
    ] as const
    for (const [as, options, code, exit] of refusals)
      expect(await as('grant', 'create', ...options), code).toMatchObject({
        code: exit,
        stderr: expect.stringContaining(code),
      })
    await server.caughtUp()
    expect(await auditor('grant', 'list')).toMatchObject({ code: 0, stdout: 'No grants.\n' })
    const unknown = '0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b'
    for (const command of ['show', 'revoke'])
      expect(await anna('grant', command, unknown), command).toMatchObject({
        code: 6,
        stderr: expect.stringContaining('GRANT_NOT_FOUND'),
      })
  })

  it('lists the grants of one policy, or of one giver', async () => {
    const { server, anna, auditor, terms } = await service()
    const { grantId } = JSON.parse((await anna('grant', 'create', ...terms, '--json')).stdout)
    await server.caughtUp()
    const idsOf = async (...options: readonly string[]) => {
      const { stdout } = await auditor('grant', 'list', ...options, '--json')
      return (JSON.parse(stdout).grants as readonly { readonly grantId: string }[]).map((each) => each.grantId)
    }
    const [giver, other] = server.approvers
    expect(await idsOf('--policy', server.releasePolicyId, '--giver', giver.userId)).toEqual([grantId])
    expect(await idsOf('--giver', other.userId)).toEqual([])
    expect(await idsOf('--policy', '0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b')).toEqual([])
  })

  it('names the grant in the history of a request', () => {
    const actor = { kind: 'system', component: 'workflow', user: null }
    const event = (type: string, data: object) =>
      eventText({ type, data, actor, occurredAt: '2026-01-01T00:00:00.000Z', revision: 3 } as never)
    expect(event('ApprovalGranted', { approver: 'anna', grantId: 'the-grant', comment: null })).toBe(
      'Approved in advance by the user anna, by the grant the-grant',
    )
    expect(event('ApprovalInvalidated', { approver: 'anna', reason: 'grantRevoked' })).toContain('was revoked')
  })
})
