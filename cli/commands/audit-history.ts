import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import { CliError, usageError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { entityHistory } from '../documents/audit.ts'
import { parseInstant } from '../duration.ts'
import { isId, parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { historyText } from '../output/history-text.ts'
import { policyOf } from './policy.ts'
import { projectOf } from './project.ts'

type Options = ConnectionOptions & { readonly asOf?: string }

/** What has a history, by the names that commands have for it. */
const kinds: Readonly<Record<string, string>> = {
  organization: 'organization',
  user: 'user',
  group: 'group',
  key: 'key',
  certificate: 'certificate',
  project: 'project',
  policy: 'signingPolicy',
  'trusted-build-system': 'trustedBuildSystem',
  'web-hook': 'webHook',
  change: 'changeProposal',
  grant: 'grant',
  request: 'signingRequest',
}

/** What has a slug, and how it is found by that: a policy's stands behind that of its project. */
const bySlug: Readonly<Record<string, (connection: Connection, text: string) => Promise<string>>> = {
  project: async (connection, text) => (await projectOf(connection, text)).projectId,
  policy: async (connection, text) => (await policyOf(connection, text)).signingPolicyId,
}

/** So many entries are asked for at a time: the service folds the whole history for each page. */
const pageSize = 100

/** `countersign audit history`. With `--json`: `{ kind, id, asOf, history: [{ event, changes }] }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Each event with who caused it, when and from where, and below it what it changed: + what came, - what went, ~ what became another.',
  )
  withConnection(command)
    .argument('<kind>', Object.keys(kinds).join(', '))
    .argument('<id>', 'its id; of a project its slug too, and of a policy <project>/<policy>')
    .option('--as-of <time>', 'only what had happened at this time: 2026-01-31, 2026-01-31T09:30:00Z')
    .action(async (name: string, text: string, options: Options) => {
      const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
      if (kind === undefined)
        throw usageError(
          `Nothing called ${JSON.stringify(name.slice(0, 60))} has a history.`,
          `Name one of: ${Object.keys(kinds).join(', ')}.`,
        )
      const find = Object.hasOwn(bySlug, name) && !isId(text) ? bySlug[name] : undefined
      const known = find === undefined ? parseId(text, name) : undefined
      const asOf = options.asOf === undefined ? null : parseInstant(options.asOf, '--as-of')
      const connection = await connect(invocation, options, null)
      const id = known ?? (await find?.(connection, text)) ?? text
      const { items } = await allPages(
        async (page) => {
          const { history } = await ask(connection, entityHistory, { kind, id, asOf, ...page })
          if (history === null) throw notFound(name, id, asOf)
          return history
        },
        undefined,
        pageSize,
      )
      const { report } = invocation
      report.result({ kind, id, asOf, history: items }, () => historyText(items, report.marker))
    })
}

function notFound(kind: string, id: string, asOf: string | null): CliError {
  const when = asOf === null ? '' : `, or there was none yet at ${asOf}`
  return new CliError('ENTITY_NOT_FOUND', `There is no ${kind} ${id}${when}.`, { exitCode: exitCode.refused })
}
