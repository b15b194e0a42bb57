import { describe, expect, it } from 'vitest'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'

/** The command line of a user against a service. */
async function commandLine() {
  const server = await startGraphQLServer()
  const as =
    ({ token }: { readonly token: string }) =>
    (...args: readonly string[]) =>
      runCommand(args, { environment: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: token } })
  const countersign = as(server.administrator)
  const json = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await countersign(...args, '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout)
  }
  return { server, as, countersign, json }
}

describe('countersign user', () => {
  it('lists, shows, deactivates and reactivates', async () => {
    const { server, countersign, json } = await commandLine()
    const { userId } = server.submitter
    expect((await countersign('user', 'list')).stdout).toMatch(/Ada Admin +interactive +active +globalAdministrator/)
    expect(await json('user', 'deactivate', userId, '--reason', 'left')).toMatchObject({
      userId,
      changeProposalId: null,
    })
    expect((await countersign('user', 'show', userId)).stdout).toMatch(/status +deactivated/)
    expect((await countersign('user', 'reactivate', userId)).stdout).toBe(`Reactivated the user ${userId}.\n`)
    expect(await json('user', 'show', userId)).toMatchObject({ status: 'active', email: 'sam.submitter@example.com' })
  })

  it('refuses a change of a user who was changed since', async () => {
    const { server, countersign } = await commandLine()
    const ran = await countersign('user', 'deactivate', server.submitter.userId, '--based-on', '0')
    expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining('CHANGE_STALE') })
    expect(await countersign('user', 'deactivate', server.submitter.userId, '--based-on', 'x')).toMatchObject({
      code: 2,
    })
  })

  it('erases whom it is told twice', async () => {
    const { server, countersign, json } = await commandLine()
    const { userId } = server.submitter
    expect(await countersign('user', 'erase', userId, '--confirm', server.auditor.userId)).toMatchObject({ code: 2 })
    expect(await json('user', 'erase', userId, '--confirm', userId)).toMatchObject({ keyDestroyed: true })
    expect((await countersign('user', 'list')).stdout).toContain(`erased user ${userId}`)
  })

  it('makes CI users, and administrators their tokens', async () => {
    const { server, as, json } = await commandLine()
    const { userId } = await json('user', 'create-ci', 'Builds', '--responsible', server.submitter.userId)
    const { token, apiTokenId } = await json('token', 'create', 'pipeline', '--user', userId)
    expect((await as({ token })('token', 'list')).stdout).toMatch(/pipeline +\w{6}… +active/)
    await json('token', 'revoke', apiTokenId, '--user', userId)
    expect((await as({ token })('token', 'list')).code).toBe(7)
  })
})

describe('countersign role', () => {
  it('grants and revokes', async () => {
    const { server, countersign, json } = await commandLine()
    const { userId } = server.submitter
    await json('role', 'grant', 'globalReader', userId)
    expect(await json('user', 'show', userId)).toMatchObject({ roles: ['globalReader'] })
    await json('role', 'revoke', 'globalReader', userId)
    expect(await countersign('role', 'grant', 'emperor', userId)).toMatchObject({ code: 2 })
    const last = await countersign('role', 'revoke', 'globalAdministrator', server.administrator.userId)
    expect(last).toMatchObject({ code: 6, stderr: expect.stringContaining('LAST_ADMINISTRATOR') })
  })
})

describe('countersign user link-build-actor', () => {
  it('links and unlinks, and shows the links', async () => {
    const { server, countersign, json } = await commandLine()
    const { userId } = server.submitter
    const actor = ['--system', 'https://api.github.com/', '--actor', '583231']
    await json('user', 'link-build-actor', userId, ...actor)
    const linked = { buildActors: [{ system: 'https://api.github.com', actorId: '583231' }] }
    expect(await json('user', 'show', userId)).toMatchObject(linked)
    expect((await countersign('user', 'show', userId)).stdout).toContain('583231 of https://api.github.com')
    await json('user', 'unlink-build-actor', userId, ...actor)
    expect(await json('user', 'show', userId)).toMatchObject({ buildActors: [] })
    const again = await countersign('user', 'unlink-build-actor', userId, ...actor)
    expect(again).toMatchObject({ code: 6, stderr: expect.stringContaining('BUILD_ACTOR_NOT_LINKED') })
  })
})

describe('countersign token', () => {
  it('makes, lists and revokes the own ones', async () => {
    const { server, json, countersign } = await commandLine()
    const { apiTokenId } = await json('token', 'create', 'laptop', '--expires', '2099-01-31T09:30:00+01:00')
    expect((await countersign('token', 'list')).stdout).toMatch(/laptop .*2099-01-31 08:30:00Z/)
    await json('token', 'revoke', apiTokenId)
    const limits = ['--access', 'submit', '--project', server.projectId, '--network', '127.0.0.0/8']
    const narrow = await json('token', 'create', 'narrow', ...limits)
    expect((await countersign('token', 'list')).stdout).toContain('submit in demo from 127.0.0.0/8')
    await json('token', 'revoke', narrow.apiTokenId)
    expect(await json('token', 'list')).toMatchObject({
      userId: server.administrator.userId,
      apiTokens: [
        { name: 'test', status: 'active' },
        { name: 'laptop', status: 'revoked', access: 'full' },
        { name: 'narrow', status: 'revoked', access: 'submit' },
      ],
    })
  })
})

describe('countersign group', () => {
  it('creates and updates', async () => {
    const { server, json, countersign } = await commandLine()
    const [anna, bert] = server.approvers
    const { groupId } = await json('group', 'create', 'Leads', '--member', anna.userId, '--member', bert.userId)
    await json('group', 'update', groupId, '--name', 'Release leads', '--description', 'Who releases')
    await json('group', 'update', groupId, '--remove', bert.userId)
    expect((await countersign('group', 'list')).stdout).toMatch(/Release leads +1 +Who releases/)
    expect(await countersign('group', 'update', groupId)).toMatchObject({ code: 2 })
  })
})

describe('countersign whoami', () => {
  it('shows the service, the organization, the user and what the token may', async () => {
    const { server, as, json } = await commandLine()
    const { organizationId } = server
    expect(await json('whoami')).toMatchObject({
      url: server.url,
      userId: server.administrator.userId,
      roles: ['globalAdministrator'],
      organization: { organizationId },
      apiToken: { access: 'full', projects: null },
    })
    const { stdout } = await as(server.submitter)('whoami')
    expect(stdout).toContain(organizationId)
    expect(stdout).toMatch(/kind +interactive\n/)
    expect(stdout).toMatch(/roles +none\n/)
    expect(stdout).not.toContain(server.submitter.token.slice(-20))
  })

  it('says of a token that nobody has that it is none', async () => {
    const { as } = await commandLine()
    expect(await as({ token: 'nonsense' })('whoami')).toMatchObject({ code: 7, stdout: '' })
  })
})
