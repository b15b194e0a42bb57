import { usageError } from '../cli-error.ts'
import { acceptInvitation, readInvitation } from '../connection/accept-invitation.ts'
import { type ConnectionOptions, findServer } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type Invited, inviteUser, resendInvitation, revokeInvitation } from '../documents/people.ts'
import { parseId } from '../entity-id.ts'
import { type CommandModule, connect, explain, type Invocation, withConnection, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands } from '../local-commands.ts'
import { readableTime } from '../output/quantities.ts'
import { type BasedOnOption, globalRoles, several, userOf, withBasedOn, withChangeReason } from '../people.ts'

type InviteOptions = ConnectionOptions & { readonly name?: string; readonly role?: readonly string[] }

/** `countersign user invite`. With `--json`: `{ userId, position, changeProposalId, invitationId, expiresAt, token }`. */
export const invite: CommandModule = {
  define(command, invocation) {
    const explained = explain(
      command,
      'Where the service sends mail, the person gets the invitation by mail. Elsewhere its token is printed once, and kept nowhere: give it to the person.',
    )
    withChangeReason(withConnection(explained))
      .argument('<email>', 'the e-mail address, which no other user of the organization has')
      .option('--name <name>', 'what the person is called; by default what stands before the @')
      .option(
        '--role <role>',
        `a global role: ${globalRoles.join(', ')}; may be given several times`,
        (text: string, before?: readonly string[]) => several(globalRole(text), before),
      )
      .action(async (email: string, { name, role: roles = [], ...options }: InviteOptions) => {
        const connection = await connect(invocation, options, null)
        const { inviteUser: made } = await ask(connection, inviteUser, {
          input: { email, name: name ?? null, roles },
        })
        if (made.changeProposalId !== null)
          invocation.report.note(`The roles are proposed as the change ${made.changeProposalId}.`)
        report(invocation, made)
      })
  },
}

/** `countersign user resend-invitation`. With `--json`: as `user invite`. */
export const resend: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(explain(command, 'The token before is dead at once. The new one is printed once.')))
      .argument('<id>', 'the user')
      .action(async (text: string, options: ConnectionOptions & BasedOnOption) => {
        const userId = parseId(text, 'user')
        const connection = await connect(invocation, options, null)
        const basedOnRevision = options.basedOn ?? (await userOf(connection, userId)).revision
        const input = { userId, basedOnRevision }
        report(invocation, (await ask(connection, resendInvitation, { input })).resendInvitation)
      })
  },
}

/** `countersign user revoke-invitation`. With `--json`: `{ userId, position, changeProposalId }`. */
export const revoke: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(command))
      .argument('<id>', 'the user')
      .action(async (text: string, options: ConnectionOptions & BasedOnOption) => {
        const userId = parseId(text, 'user')
        const connection = await connect(invocation, options, null)
        const basedOnRevision = options.basedOn ?? (await userOf(connection, userId)).revision
        const { revokeInvitation: changed } = await ask(connection, revokeInvitation, {
          input: { userId, basedOnRevision },
        })
        invocation.report.result(changed, () => `Revoked the invitation of the user ${userId}.\n`)
      })
  },
}

/** `countersign user accept-invitation`. With `--json`: `{ userId, apiTokenId, token }`. */
export const accept: CommandModule = {
  define(command, invocation) {
    explain(
      command,
      "Prints your first API token, once. The invitation's token is a line of the standard input, or COUNTERSIGN_INVITATION, or stands in the file that COUNTERSIGN_INVITATION_FILE names.",
    )
    withJson(command)
      .option('--url <url>', 'the service (else COUNTERSIGN_URL, else the embedded one of this folder)')
      .option('--token-name <name>', 'what the API token is called')
      .action(async ({ url, tokenName }: { readonly url?: string; readonly tokenName?: string }) => {
        const { terminal, report } = invocation
        const server = findServer(terminal, url === undefined ? {} : { url }, report.warn)
        const invitation = await readInvitation(terminal)
        const accepted = await acceptInvitation(server, {
          invitation,
          ...(tokenName === undefined ? {} : { tokenName }),
        })
        report.result(accepted, () => `${accepted.token}\n`)
      })
  },
}

/** `countersign user prove-address`, on the server. With `--json`: `{ userId, position }`. */
export const proveAddress: CommandModule = {
  define(command, { report }) {
    explain(
      command,
      'Runs on the server. Say so only of a person whom you have asked yourself: whoever invited them does not count among the people behind the account any more.',
    )
    withJson(command)
      .argument('<id>', 'the user, who has accepted an invitation')
      .option(...configOption)
      .action(
        localAction(async (text: string, { config }: { readonly config?: string }) => {
          const userId = parseId(text, 'user')
          const { proveEmailAddress } = await localCommands()
          const proved = await proveEmailAddress({ userId, configFile: config })
          report.result(proved, () => `The account ${userId} is the person's whose address it has.\n`)
        }),
      )
  },
}

function report({ report }: Invocation, made: Invited): void {
  report.note(`Invited the user ${made.userId}; the invitation works until ${readableTime(made.expiresAt)}.`)
  if (made.token === null) report.note('It is on its way to the address; nobody but the person gets its token.')
  report.result(made, () => (made.token === null ? '' : `${made.token}\n`))
}

function globalRole(text: string): string {
  if (globalRoles.includes(text)) return text
  throw usageError(`--role is one of ${globalRoles.join(', ')}; got ${JSON.stringify(text.slice(0, 60))}.`)
}
