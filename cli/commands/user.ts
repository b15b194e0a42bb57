import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import {
  createCiUser,
  deactivateUser,
  eraseUser,
  type InvitationSummary,
  listUsers,
  reactivateUser,
  type UserDetails,
} from '../documents/people.ts'
import { parseId } from '../entity-id.ts'
import { type CommandModule, connect, explain, withConnection } from '../invocation.ts'
import { readableTime } from '../output/quantities.ts'
import { fieldList, statusCell, table } from '../output/table.ts'
import { type BasedOnOption, reportOrProposed, userOf, withBasedOn, withChangeReason } from '../people.ts'

/** `countersign user list`. With `--json`: `{ users: […] }`. */
export const list: CommandModule = {
  define(command, invocation) {
    withConnection(command).action(async (options: ConnectionOptions) => {
      const connection = await connect(invocation, options, 'ci')
      const { items } = await allPages(async (page) => (await ask(connection, listUsers, page)).users)
      const { report } = invocation
      report.result({ users: items }, () => {
        const rows = items.map(({ userId, name, kind, status, roles }) => [
          userId,
          name,
          kind,
          statusCell(status),
          roles.join(', ') || '–',
        ])
        return table(['id', 'name', 'kind', 'status', 'roles'], rows, report.marker)
      })
    })
  },
}

/** `countersign user show`. With `--json`: the user's fields, with `apiTokens`. */
export const show: CommandModule = {
  define(command, invocation) {
    withUser(withConnection(command)).action(async (text: string, options: ConnectionOptions) => {
      const id = parseId(text, 'user')
      const user = await userOf(await connect(invocation, options, 'ci'), id)
      const { report } = invocation
      report.result(user, () =>
        fieldList(
          [
            ['user', user.userId],
            ['name', user.name],
            ['e-mail', user.email],
            ['kind', user.kind],
            ['status', statusCell(user.status)],
            ['roles', user.roles.join(', ') || '–'],
            ['responsible', user.responsible?.name ?? null],
            ['created', readableTime(user.createdAt)],
            ['invitation', user.invitation && invitationText(user.invitation)],
            ['build actors', user.buildActors && (actorsText(user.buildActors) || '–')],
            ['tokens', user.apiTokens && String(user.apiTokens.filter(({ status }) => status === 'active').length)],
          ],
          report.marker,
        ),
      )
    })
  },
}

/** `countersign user create-ci`. With `--json`: `{ userId, position, changeProposalId }`. */
export const createCi: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<name>', 'what the CI user is called')
      .requiredOption('--responsible <user>', 'id of the person who answers for it')
      .action(async (name: string, { responsible, ...options }: ConnectionOptions & { responsible: string }) => {
        const input = { name, responsible: parseId(responsible, 'user') }
        const connection = await connect(invocation, options, null)
        const { createCiUser: changed } = await ask(connection, createCiUser, { input })
        reportOrProposed(invocation, changed, `Created the CI user ${changed.userId}.`)
      })
  },
}

/** `countersign user deactivate`. With `--json`: `{ userId, position, changeProposalId }`. */
export const deactivate: CommandModule = {
  define(command, invocation) {
    withBasedOn(withUser(withConnection(command)))
      .option('--reason <text>', 'why')
      .action(async (text: string, options: ConnectionOptions & BasedOnOption & { reason?: string }) => {
        const userId = parseId(text, 'user')
        const connection = await connect(invocation, options, null)
        const basedOnRevision = options.basedOn ?? (await userOf(connection, userId)).revision
        const input = { userId, reason: options.reason ?? null, basedOnRevision }
        const { deactivateUser: changed } = await ask(connection, deactivateUser, { input })
        reportOrProposed(invocation, changed, `Deactivated the user ${userId}.`)
      })
  },
}

/** `countersign user reactivate`. With `--json`: `{ userId, position, changeProposalId }`. */
export const reactivate: CommandModule = {
  define(command, invocation) {
    withBasedOn(withUser(withChangeReason(withConnection(command)))).action(
      async (text: string, options: ConnectionOptions & BasedOnOption) => {
        const userId = parseId(text, 'user')
        const connection = await connect(invocation, options, null)
        const basedOnRevision = options.basedOn ?? (await userOf(connection, userId)).revision
        const input = { userId, basedOnRevision }
        const { reactivateUser: changed } = await ask(connection, reactivateUser, { input })
        reportOrProposed(invocation, changed, `Reactivated the user ${userId}.`)
      },
    )
  },
}

/** `countersign user erase`. With `--json`: `{ userId, position, changeProposalId, keyDestroyed }`. */
export const erase: CommandModule = {
  define(command, invocation) {
    const explained = explain(
      command,
      'Name and e-mail address can be read by nobody any more, in no copy. It is for good.',
    )
    withUser(withConnection(explained))
      .requiredOption('--confirm <user>', 'the id once more, since nobody can take it back')
      .action(async (text: string, options: ConnectionOptions & { confirm: string }) => {
        const userId = parseId(text, 'user')
        if (parseId(options.confirm, 'user') !== userId)
          throw usageError('--confirm names another user than the one to erase.')
        const connection = await connect(invocation, options, null)
        const { eraseUser: changed } = await ask(connection, eraseUser, { input: { userId } })
        if (!changed.keyDestroyed) invocation.report.warn('The key of the name was not at hand; it is destroyed later.')
        reportOrProposed(invocation, changed, `Erased the user ${userId}.`)
      })
  },
}

function invitationText({ status, expiresAt, addressProved }: InvitationSummary): string {
  if (status === 'open') return `open, until ${readableTime(expiresAt)}`
  return status === 'accepted' && !addressProved ? 'accepted; whoever invited counts as the same person' : status
}

function actorsText(actors: NonNullable<UserDetails['buildActors']>): string {
  return actors.map(({ system, actorId }) => `${actorId} of ${system}`).join(', ')
}

function withUser(command: Command): Command {
  return command.argument('<id>', 'the user')
}
