import { Option } from 'commander'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { issueToken, revokeToken, type TokenSummary, whoAsks } from '../documents/people.ts'
import { parseInstant } from '../duration.ts'
import { parseId } from '../entity-id.ts'
import { type CommandModule, connect, explain, withConnection } from '../invocation.ts'
import { readableTime } from '../output/quantities.ts'
import { statusCell, table } from '../output/table.ts'
import { reportOrProposed, several, userOf, withChangeReason } from '../people.ts'

type UserOption = ConnectionOptions & { readonly user?: string }

type CreateOptions = UserOption & {
  readonly expires?: string
  readonly access: string
  readonly project?: readonly string[]
  readonly network?: readonly string[]
}

const userOption = ['--user <id>', 'whose token it is; by default your own'] as const

/** `countersign token create`. With `--json`: `{ userId, apiTokenId, token, position, changeProposalId }`. */
export const create: CommandModule = {
  define(command, invocation) {
    withChangeReason(withConnection(explain(command, 'The token is printed once, and kept nowhere.')))
      .argument('<name>', 'what the token is for')
      .option(...userOption)
      .option('--expires <moment>', 'from when on it does not work, such as 2027-01-31T09:30:00Z; by default never')
      .addOption(new Option('--access <access>', 'what it may').choices(['full', 'submit', 'read']).default('full'))
      .option('--project <id>', 'limits it to this project; may be given several times', several)
      .option('--network <cidr>', 'limits it to calls from this network; may be given several times', several)
      .action(async (name: string, options: CreateOptions) => {
        const expiresAt = options.expires === undefined ? null : parseInstant(options.expires, '--expires')
        const connection = await connect(invocation, options, null)
        const userId = await userIdOf(connection, options)
        const { access, project, network: networks = null } = options
        const projects = project?.map((id) => parseId(id, 'project')) ?? null
        const input = { userId, name, expiresAt, access, projects, networks }
        const { issueApiToken: made } = await ask(connection, issueToken, { input })
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
            lastUse(token),
            limitsOf(token),
          ])
          return table(
            ['id', 'name', 'begins with', 'status', 'issued', 'expires', 'last used', 'may'],
            rows,
            report.marker,
          )
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

/** The day, and from where; the time of day is only that of the first use on it. */
function lastUse({ lastUsedAt, lastUsedFrom }: TokenSummary): string {
  if (lastUsedAt === null) return 'never'
  return `${lastUsedAt.slice(0, 10)}${lastUsedFrom === null ? '' : ` from ${lastUsedFrom}`}`
}

function limitsOf({ access, projects, networks }: TokenSummary): string {
  const slugs = projects?.map((project) => project?.slug ?? '?')
  return [access, slugs && `in ${slugs.join(', ')}`, networks && `from ${networks.join(', ')}`]
    .filter((part) => part !== null && part !== undefined)
    .join(' ')
}
