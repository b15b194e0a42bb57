import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { issueToken, revokeToken, whoAsks } from '../documents/people.ts'
import { parseInstant } from '../duration.ts'
import { parseId } from '../entity-id.ts'
import { type CommandModule, connect, explain, withConnection } from '../invocation.ts'
import { readableTime } from '../output/quantities.ts'
import { statusCell, table } from '../output/table.ts'
import { reportOrProposed, userOf } from '../people.ts'

type UserOption = ConnectionOptions & { readonly user?: string }

const userOption = ['--user <id>', 'whose token it is; by default your own'] as const

/** `countersign token create`. With `--json`: `{ userId, apiTokenId, token, position, changeProposalId }`. */
export const create: CommandModule = {
  define(command, invocation) {
    withConnection(explain(command, 'The token is printed once, and kept nowhere.'))
      .argument('<name>', 'what the token is for')
      .option(...userOption)
      .option('--expires <moment>', 'from when on it does not work, such as 2027-01-31T09:30:00Z; by default never')
      .action(async (name: string, options: UserOption & { expires?: string }) => {
        const expiresAt = options.expires === undefined ? null : parseInstant(options.expires, '--expires')
        const connection = await connect(invocation, options, null)
        const userId = await userIdOf(connection, options)
        const { issueApiToken: made } = await ask(connection, issueToken, { input: { userId, name, expiresAt } })
        if (made.changeProposalId !== null)
          invocation.report.note(`The token is ${made.token}\nKeep it: it works once the change is approved.`)
        reportOrProposed(invocation, made, made.token)
      })
  },
}

/** `countersign token list`. With `--json`: `{ userId, apiTokens: […] }`. */
export const list: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .option(...userOption)
      .action(async (options: UserOption) => {
        const connection = await connect(invocation, options, 'ci')
        const userId = await userIdOf(connection, options)
        const apiTokens = (await userOf(connection, userId)).apiTokens ?? []
        const { report } = invocation
        report.result({ userId, apiTokens }, () => {
          if (apiTokens.length === 0) return 'No tokens that you may see.\n'
          const rows = apiTokens.map((token) => [
            token.apiTokenId,
            token.name,
            `${token.prefix}…`,
            statusCell(token.status),
            readableTime(token.issuedAt),
            token.expiresAt === null ? 'never' : readableTime(token.expiresAt),
          ])
          return table(['id', 'name', 'begins with', 'status', 'issued', 'expires'], rows, report.marker)
        })
      })
  },
}

/** `countersign token revoke`. With `--json`: `{ userId, position, changeProposalId }`. */
export const revoke: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<id>', 'the token')
      .option(...userOption)
      .action(async (text: string, options: UserOption) => {
        const apiTokenId = parseId(text, 'token')
        const connection = await connect(invocation, options, null)
        const userId = await userIdOf(connection, options)
        const { revokeApiToken: changed } = await ask(connection, revokeToken, { input: { userId, apiTokenId } })
        reportOrProposed(invocation, changed, `Revoked the token ${apiTokenId}.`)
      })
  },
}

async function userIdOf(connection: Connection, { user }: UserOption): Promise<string> {
  return user === undefined ? (await ask(connection, whoAsks, {})).viewer.userId : parseId(user, 'user')
}
