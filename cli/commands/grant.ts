import { allPages, withAllEvents } from '../all-pages.ts'
import { CliError, usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { giveGrant, listGrants, oneGrant, revokeGrant } from '../documents/grants.ts'
import { parseInstant } from '../duration.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { type CommandModule, connect, explain, withConnection } from '../invocation.ts'
import { timeLine } from '../output/event-text.ts'
import { globsText, grantStatusText, grantText, policyOfGrant, usesText } from '../output/grant-details.ts'
import { readableTime } from '../output/quantities.ts'
import { table } from '../output/table.ts'
import { several } from '../people.ts'

type CreateOptions = ConnectionOptions & {
  readonly project: string
  readonly policy: string
  readonly from?: string
  readonly until: string
  readonly requests: string
  readonly file: readonly string[]
  readonly productVersion?: readonly string[]
  readonly branch?: readonly string[]
  readonly comment?: string
}

/** `countersign grant create`. With `--json`: `{ grantId, position }`. */
export const create: CommandModule = {
  define(command, invocation) {
    explain(
      command,
      'Approves in your own name, and never what you submitted yourself. In globs * stands for anything but /, ** for anything, ? for one character.',
    )
    withConnection(command)
      .requiredOption('--project <slug>', 'the project (slug or id)')
      .requiredOption('--policy <slug>', 'its signing policy (slug or id), of which you are an approver')
      .requiredOption('--until <time>', 'until when: 2026-01-31T18:00:00+01:00; 90 days at the most')
      .option('--from <time>', 'from when on (default: from now on)')
      .requiredOption('--requests <number>', 'for how many requests')
      .requiredOption('--file <glob>', 'which file names; may be given several times', several)
      .option('--product-version <glob>', 'which versions, as `sign --product-version` names them', several)
      .option('--branch <glob>', 'which branches, as the origin names them', several)
      .option('--comment <text>', 'why')
      .action(async (options: CreateOptions) => {
        const { project, policy: signingPolicy, comment = null } = options
        const input = {
          project,
          signingPolicy,
          from: options.from === undefined ? null : parseInstant(options.from, '--from'),
          until: parseInstant(options.until, '--until'),
          maximumRequests: parseCount(options.requests),
          fileNames: options.file,
          versions: options.productVersion ?? [],
          branches: options.branch ?? [],
          comment,
        }
        const connection = await connect(invocation, options, null)
        const { giveGrant: given } = await ask(connection, giveGrant, { input })
        invocation.report.result(given, () => `Gave the grant ${given.grantId}.\n`)
      })
  },
}

/** `countersign grant list`. With `--json`: `{ grants: […] }`. */
export const list: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .option('--policy <id>', 'only for this signing policy')
      .option('--giver <user>', 'only of the user with this id')
      .action(async (options: ConnectionOptions & { readonly policy?: string; readonly giver?: string }) => {
        const filter = {
          signingPolicy: options.policy === undefined ? null : parseId(options.policy, 'policy'),
          giver: options.giver === undefined ? null : parseId(options.giver, 'user'),
        }
        const connection = await connect(invocation, options, 'ci')
        const { items } = await allPages(
          async (page) => (await ask(connection, listGrants, { ...filter, ...page })).grants,
        )
        const { report } = invocation
        report.result({ grants: items }, () => {
          if (items.length === 0) return 'No grants.\n'
          const rows = items.map((grant) => [
            grant.grantId,
            grantStatusText(grant),
            grant.giver?.name ?? 'unknown',
            policyOfGrant(grant),
            globsText(grant),
            readableTime(grant.until),
            usesText(grant),
          ])
          return table(['grant', 'status', 'by', 'policy', 'for', 'until', 'used'], rows, report.marker)
        })
      })
  },
}

/** `countersign grant show`. With `--json`: the grant's fields, with `events`. */
export const show: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<id>', 'the grant')
      .action(async (text: string, options: ConnectionOptions) => {
        const id = parseId(text, 'grant')
        const connection = await connect(invocation, options, 'ci')
        const { events, ...grant } = await withAllEvents(
          async (after) => (await ask(connection, oneGrant, { id, after })).grant,
          () => notFound(id),
        )
        const { report } = invocation
        report.result(
          { ...grant, events },
          () => `${grantText(grant, report.marker)}\n${timeLine(events, report.marker)}`,
        )
      })
  },
}

/** `countersign grant revoke`. With `--json`: `{ grantId, position }`. */
export const revoke: CommandModule = {
  define(command, invocation) {
    explain(command, 'At once: what it approved and is not signed yet needs another approval.')
    withConnection(command)
      .argument('<id>', 'the grant')
      .option('--reason <text>', 'why')
      .action(async (text: string, options: ConnectionOptions & { readonly reason?: string }) => {
        const grantId = parseId(text, 'grant')
        const connection = await connect(invocation, options, null)
        const input = { grantId, reason: options.reason ?? null }
        const { revokeGrant: revoked } = await ask(connection, revokeGrant, { input })
        invocation.report.result(revoked, () => `Revoked the grant ${grantId}.\n`)
      })
  },
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw usageError(`--requests is a whole number from 1 to 1000; got ${JSON.stringify(text.slice(0, 60))}.`)
}

function notFound(id: string): CliError {
  return new CliError('GRANT_NOT_FOUND', `There is no grant ${id}.`, {
    hint: '`countersign grant list` shows the grants.',
    exitCode: exitCode.refused,
  })
}
