import { allPages } from '../all-pages.ts'
import { CliError, usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { changeGroupMembers, createGroup, describeGroup, listGroups, oneGroup } from '../documents/groups.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { type CommandModule, connect, withConnection } from '../invocation.ts'
import { table } from '../output/table.ts'
import { type BasedOnOption, reportOrProposed, several, withBasedOn, withChangeReason } from '../people.ts'

/** `countersign group list`. With `--json`: `{ groups: […] }`. */
export const list: CommandModule = {
  define(command, invocation) {
    withConnection(command).action(async (options: ConnectionOptions) => {
      const connection = await connect(invocation, options, 'ci')
      const { items } = await allPages(async (page) => (await ask(connection, listGroups, page)).groups)
      const { report } = invocation
      report.result({ groups: items }, () => {
        if (items.length === 0) return 'No groups.\n'
        const rows = items.map((group) => [
          group.groupId,
          group.name,
          String(group.memberCount),
          group.description ?? '–',
        ])
        return table(['id', 'name', 'members', 'description'], rows, report.marker)
      })
    })
  },
}

type CreateOptions = ConnectionOptions & { readonly description?: string; readonly member?: readonly string[] }

/** `countersign group create`. With `--json`: `{ groupId, position, changeProposalId }`. */
export const create: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<name>', 'what the group is called')
      .option('--description <text>', 'what it is for')
      .option('--member <user>', 'id of a user who is in it; may be given several times', several)
      .action(async (name: string, options: CreateOptions) => {
        const { description = null, member = [] } = options
        const members = member.map((id) => parseId(id, 'user'))
        const connection = await connect(invocation, options, null)
        const { createGroup: changed } = await ask(connection, createGroup, { input: { name, description, members } })
        reportOrProposed(invocation, changed, `Created the group ${changed.groupId}.`)
      })
  },
}

type UpdateOptions = ConnectionOptions &
  BasedOnOption & {
    readonly name?: string
    readonly description?: string
    readonly add?: readonly string[]
    readonly remove?: readonly string[]
  }

/** `countersign group update`. With `--json`: `{ groupId, position, changeProposalId }`. */
export const update: CommandModule = {
  define(command, invocation) {
    withBasedOn(withChangeReason(withConnection(command)))
      .argument('<id>', 'the group')
      .option('--name <text>', 'another name')
      .option('--description <text>', 'another description; an empty one takes it away')
      .option('--add <user>', 'id of a user who joins; may be given several times', several)
      .option('--remove <user>', 'id of a user who leaves; may be given several times', several)
      .action(async (text: string, options: UpdateOptions) => {
        const groupId = parseId(text, 'group')
        const [add, remove] = [options.add ?? [], options.remove ?? []].map((ids) =>
          ids.map((id) => parseId(id, 'user')),
        )
        const describes = options.name !== undefined || options.description !== undefined
        const joins = (options.add ?? options.remove) !== undefined
        if (describes === joins)
          throw usageError('Give another name or description, or users who join and leave: one change at a time.')
        const connection = await connect(invocation, options, null)
        const { group } = await ask(connection, oneGroup, { id: groupId })
        if (group === null) throw groupNotFound(groupId)
        const basedOnRevision = options.basedOn ?? group.revision
        const { name = group.name, description = group.description } = options
        const changed = describes
          ? (
              await ask(connection, describeGroup, {
                input: { groupId, name, description: description === '' ? null : description, basedOnRevision },
              })
            ).describeGroup
          : (
              await ask(connection, changeGroupMembers, {
                input: { groupId, add: add ?? [], remove: remove ?? [], basedOnRevision },
              })
            ).changeGroupMembers
        reportOrProposed(invocation, changed, `Changed the group ${groupId}.`)
      })
  },
}

function groupNotFound(id: string): CliError {
  return new CliError('GROUP_NOT_FOUND', `There is no group ${id}.`, {
    hint: '`countersign group list` shows the groups.',
    exitCode: exitCode.refused,
  })
}
