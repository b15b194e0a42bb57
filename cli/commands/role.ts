import { Argument, type Command } from 'commander'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { grantRole, type UserChange, withdrawRole } from '../documents/people.ts'
import { parseId } from '../entity-id.ts'
import { type CommandModule, connect, type Invocation, withConnection } from '../invocation.ts'
import { type BasedOnOption, globalRoles, reportOrProposed, userOf, withBasedOn, withChangeReason } from '../people.ts'

type RoleInput = { readonly userId: string; readonly role: string; readonly basedOnRevision: number }

/** `countersign role grant`. With `--json`: `{ userId, position, changeProposalId }`. */
export const grant: CommandModule = {
  define: (command, invocation) =>
    change(command, invocation, 'Granted', async (connection, input) => {
      return (await ask(connection, grantRole, { input })).grantGlobalRole
    }),
}

/** `countersign role revoke`. With `--json`: `{ userId, position, changeProposalId }`. */
export const revoke: CommandModule = {
  define: (command, invocation) =>
    change(command, invocation, 'Revoked', async (connection, input) => {
      return (await ask(connection, withdrawRole, { input })).withdrawGlobalRole
    }),
}

function change(
  command: Command,
  invocation: Invocation,
  verb: string,
  send: (connection: Connection, input: RoleInput) => Promise<UserChange>,
): void {
  withBasedOn(withChangeReason(withConnection(command)))
    .addArgument(new Argument('<role>', 'the global role').choices(globalRoles))
    .argument('<user>', 'whose role it is: id of the user')
    .action(async (role: string, text: string, options: ConnectionOptions & BasedOnOption) => {
      const userId = parseId(text, 'user')
      const connection = await connect(invocation, options, null)
      const basedOnRevision = options.basedOn ?? (await userOf(connection, userId)).revision
      const changed = await send(connection, { userId, role, basedOnRevision })
      reportOrProposed(invocation, changed, `${verb} the role ${role}: user ${userId}.`)
    })
}
