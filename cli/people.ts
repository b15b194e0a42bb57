import type { Command } from 'commander'
import { CliError, usageError } from './cli-error.ts'
import type { Connection } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import { oneUser, type UserDetails } from './documents/people.ts'
import { exitCode } from './exit-code.ts'
import type { Invocation } from './invocation.ts'

/** The global roles that there are. */
export const globalRoles = [
  'globalAdministrator',
  'certificateAdministrator',
  'userAdministrator',
  'projectAdministrator',
  'globalReader',
]

/** The option of changes that name the revision that they are based on. */
export type BasedOnOption = { readonly basedOn?: number }

/** Adds `--based-on`. */
export function withBasedOn(command: Command): Command {
  return command.option(
    '--based-on <revision>',
    'refuse the change when there is a newer revision than this one, by default the newest that there is now',
    (text: string) => {
      if (/^\d{1,9}$/.test(text)) return Number(text)
      throw usageError(`--based-on is a revision, a whole number from 0; got ${JSON.stringify(text.slice(0, 60))}.`)
    },
  )
}

/** Adds `--reason` to a command whose change others may have to approve; the connection of the command takes it along. */
export function withChangeReason(command: Command): Command {
  return command.option('--reason <text>', 'why, for those who must approve the change where it is proposed')
}

/** Collects an option that may be given several times. */
export function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** Prints what a change did, or that it was proposed. With `--json`: all of `changed`. */
export function reportOrProposed(
  { report }: Invocation,
  changed: { readonly changeProposalId: string | null },
  done: string,
): void {
  const { changeProposalId } = changed
  report.result(changed, () =>
    changeProposalId === null
      ? `${done}\n`
      : `Proposed as the change ${changeProposalId}: it holds when others have approved it.\n`,
  )
}

/** A user. @throws CliError `USER_NOT_FOUND` */
export async function userOf(connection: Connection, id: string): Promise<UserDetails> {
  const { user } = await ask(connection, oneUser, { id })
  if (user !== null) return user
  throw new CliError('USER_NOT_FOUND', `There is no user ${id}.`, {
    hint: '`countersign user list` shows the users.',
    exitCode: exitCode.refused,
  })
}
