import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { registerRest } from '../../rest/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { type RunOptions, runCommand } from '../support/run-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** An administrator's command line against a service, and that of who has no token. */
async function commandLine() {
  const server = await startGraphQLServer({
    register: (http, _application, rest) => registerRest(http, rest),
  })
  const countersign = (...args: readonly string[]) =>
    runCommand(args, { environment: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: server.administrator.token } })
  const json = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await countersign(...args, '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout)
  }
  const accept = ({ environment, ...options }: RunOptions, ...args: readonly string[]) =>
    runCommand(['user', 'accept-invitation', ...args], {
      environment: { COUNTERSIGN_URL: server.url, ...environment },
      ...options,
    })
  return { server, countersign, json, accept }
}

describe('countersign user', () => {
  it('invites a person, who accepts on the standard input and has a token then', async () => {
    const { server, countersign, json, accept } = await commandLine()
    const invited = await json('user', 'invite', 'ivy@example.com', '--name', 'Ivy', '--role', 'globalReader')
    expect(invited).toMatchObject({ token: expect.stringMatching(/^csi_/), changeProposalId: null })
    const { userId } = invited
    expect((await countersign('user', 'list')).stdout).toMatch(/Ivy +interactive +invited +globalReader/)
    expect(await json('user', 'show', userId)).toMatchObject({
      email: 'ivy@example.com',
      invitation: { status: 'open', addressProved: false },
    })
    const accepted = await accept({ answers: [invited.token] }, '--json', '--token-name', 'laptop')
    expect(accepted.code).toBe(0)
    const { token } = JSON.parse(accepted.stdout)
    await server.caughtUp()
    const listed = await runCommand(['token', 'list', '--json'], {
      environment: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: token },
    })
    expect(JSON.parse(listed.stdout)).toMatchObject({ userId, apiTokens: [{ name: 'laptop', status: 'active' }] })
    const { stdout } = await countersign('user', 'show', userId)
    expect(stdout).toMatch(/invitation +accepted; whoever invited counts as the same person/)
    expect(await accept({ answers: [invited.token] })).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('INVITATION_ACCEPTED'),
    })
  })

  it('makes an invitation again, of which the file or the environment has the token, and revokes it', async () => {
    const { countersign, json, accept } = await commandLine()
    const invited = await json('user', 'invite', 'ivy@example.com')
    const { userId } = invited
    const again = await json('user', 'resend-invitation', userId)
    expect(again.token).not.toBe(invited.token)
    expect(await accept({ environment: { COUNTERSIGN_INVITATION: invited.token } })).toMatchObject({
      stderr: expect.stringContaining('INVITATION_REVOKED'),
    })
    expect((await countersign('user', 'revoke-invitation', userId)).stdout).toBe(
      `Revoked the invitation of the user ${userId}.\n`,
    )
    const last = await countersign('user', 'resend-invitation', userId)
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'invitation'), last.stdout)
    const environment = { COUNTERSIGN_INVITATION_FILE: 'invitation' }
    const accepted = await accept({ environment, workingDirectory: folder })
    expect(accepted).toMatchObject({ code: 0, stdout: expect.stringMatching(/^cs_\w+\n$/) })
  })

  it('refuses an address that somebody has, a role that there is not, and no invitation at all', async () => {
    const { countersign, json, accept } = await commandLine()
    await json('user', 'invite', 'ivy@example.com')
    expect(await countersign('user', 'invite', 'Ivy@EXAMPLE.com')).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('USER_EMAIL_TAKEN'),
    })
    expect((await countersign('user', 'invite', 'x@example.com', '--role', 'king')).code).toBe(2)
    expect(await accept({ answers: [''] })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('INVITATION_MISSING'),
    })
  })
})
