import { CliError, usageError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import {
  changeNotificationPreferences,
  type NotificationPreference,
  type Notified,
  ownNotificationPreferences,
} from '../documents/notifications.ts'
import { exitCode } from '../exit-code.ts'
import { type CommandModule, connect, explain, withConnection } from '../invocation.ts'
import { table } from '../output/table.ts'
import { type BasedOnOption, withBasedOn } from '../people.ts'

/** What people can be told of, in the order in which it is shown. */
const kinds = [
  'requestOutcome',
  'approvalRequested',
  'approvalDecided',
  'changeProposed',
  'certificateExpiry',
  'administratorAdded',
  'unusualActivity',
  'webHookProblem',
]
const deliveries = ['immediately', 'daily', 'never']

/** `countersign notification show`. With `--json`: `{ userId, notificationPreferences: [{ kind, delivery }] }`. */
export const show: CommandModule = {
  define(command, invocation) {
    withConnection(command).action(async (options: ConnectionOptions) => {
      const { userId, notificationPreferences } = await preferences(await connect(invocation, options, null))
      const { report } = invocation
      report.result({ userId, notificationPreferences }, () => {
        const rows = notificationPreferences.map(({ kind, delivery }) => [kind, delivery])
        return table(['kind', 'delivery'], rows, report.marker)
      })
    })
  },
}

/** `countersign notification set`. With `--json`: `{ userId, position, changeProposalId }`. */
export const set: CommandModule = {
  define(command, invocation) {
    const explained = explain(
      command,
      `KIND is one of ${kinds.join(', ')}, or all; HOW is immediately, daily (one mail a day) or never.`,
    )
    withBasedOn(withConnection(explained))
      .argument('<KIND=HOW...>', 'what you want to be told of by e-mail, and how; the others stay')
      .action(async (texts: readonly string[], options: ConnectionOptions & BasedOnOption) => {
        const chosen = chosenOf(texts)
        const connection = await connect(invocation, options, null)
        const basedOnRevision = options.basedOn ?? (await preferences(connection)).revision
        const { changeNotificationPreferences: changed } = await ask(connection, changeNotificationPreferences, {
          input: { preferences: chosen, basedOnRevision },
        })
        invocation.report.result(
          changed,
          () => `${chosen.map(({ kind, delivery }) => `${kind}: ${delivery}`).join('\n')}\n`,
        )
      })
  },
}

async function preferences(
  connection: Connection,
): Promise<Notified & { notificationPreferences: readonly NotificationPreference[] }> {
  const { user } = (await ask(connection, ownNotificationPreferences, {})).viewer
  const notificationPreferences = user?.notificationPreferences ?? null
  if (user !== null && notificationPreferences !== null) return { ...user, notificationPreferences }
  throw new CliError('NOTIFICATION_NEEDS_PERSON', 'A CI user has no e-mail address.', {
    hint: 'The person who answers for the CI user is told; ask with a token of theirs.',
    exitCode: exitCode.refused,
  })
}

/** A later `KIND=HOW` counts more than an earlier one: `all=never approvalRequested=daily`. */
function chosenOf(texts: readonly string[]): readonly NotificationPreference[] {
  const chosen = new Map<string, string>()
  for (const text of texts) {
    const [kind = '', delivery = '', ...more] = text.split('=')
    const isKnown = (kind === 'all' || kinds.includes(kind)) && deliveries.includes(delivery) && more.length === 0
    if (!isKnown)
      throw usageError(
        `${JSON.stringify(text.slice(0, 60))} is not KIND=HOW: KIND is ${kinds.join(', ')} or all, HOW is ${deliveries.join(', ')}.`,
      )
    for (const each of kind === 'all' ? kinds : [kind]) chosen.set(each, delivery)
  }
  return [...chosen].map(([kind, delivery]) => ({ kind, delivery }))
}
