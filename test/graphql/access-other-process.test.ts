import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import type { ChangeChild } from '../support/access/change-child.ts'
import type { TestUser } from '../support/graphql-organization.ts'
import { openGraphQLServer } from '../support/graphql-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const child = join(import.meta.dirname, '../support/access/change-child.ts')

/** A server, and who changes in another process over the same log what a user may do. */
async function twoProcesses() {
  const folder = temporaryFolder()
  const { close, ...server } = await openGraphQLServer(folder)
  onTestFinished(close)
  const { organizationId } = server
  const elsewhere = async (change: ChangeChild['change'], { userId, tokenId }: TestUser) => {
    const what: ChangeChild = {
      log: join(folder, 'log.db'),
      organizationId,
      change,
      userId,
      tokenId,
      role: 'globalReader',
    }
    await promisify(execFile)(process.execPath, [child, JSON.stringify(what)])
  }
  const codeOf = async (user: TestUser) => {
    const { errors } = await server.ask(user, '{ events(first: 1) { nodes { type } } }')
    return errors?.[0]?.extensions.code ?? 'answered'
  }
  return { server, elsewhere, codeOf }
}

it('a role that another process grants or withdraws counts in the next call of each other', async () => {
  const { server, elsewhere, codeOf } = await twoProcesses()
  const user = await server.addUser('Rhea')
  expect(await codeOf(user)).toBe('FORBIDDEN')
  await elsewhere('grantGlobalRole', user)
  expect(await codeOf(user)).toBe('answered')
  await elsewhere('withdrawGlobalRole', user)
  expect(await codeOf(user)).toBe('FORBIDDEN')
})

it('a token that another process revokes, and a user whom it deactivates, are out with the next call', async () => {
  const { server, elsewhere, codeOf } = await twoProcesses()
  const [revoked, deactivated] = [
    await server.addUser('Rhea', ['globalReader']),
    await server.addUser('Dora', ['globalReader']),
  ]
  expect(await Promise.all([revoked, deactivated].map(codeOf))).toEqual(['answered', 'answered'])
  await elsewhere('revokeApiToken', revoked)
  expect(await codeOf(revoked)).toBe('TOKEN_REVOKED')
  await elsewhere('deactivateUser', deactivated)
  expect(await codeOf(deactivated)).toBe('USER_DEACTIVATED')
})
