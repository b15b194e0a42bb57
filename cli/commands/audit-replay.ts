import { resolve } from 'node:path'
import type { Command } from 'commander'
import { usageError } from '../cli-error.ts'
import { parseInstant } from '../duration.ts'
import { exitCode } from '../exit-code.ts'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import {
  type Difference,
  type ExportedFile,
  localCommands,
  type ReplayedState,
  type SignatureAudit,
} from '../local-commands.ts'
import { findLocalFile } from '../local-file.ts'
import { count } from '../output/quantities.ts'
import { safeText } from '../output/safe-text.ts'
import { type Marker, table } from '../output/table.ts'

type Options = {
  readonly until?: string
  readonly stream?: string
  readonly compare?: boolean
  readonly fromExport?: string
  readonly installationKey?: string
  readonly config?: string
}

/** `countersign audit replay`. With `--json`: `{ file: { organizationId, exportedAt, events, faultCount, faults: […] } | null, events, states: […], signatures: { appends, faultCount, faults: […] }, broken: { code, message } | null, differenceCount, differences: […] | null }`. */
export function define(command: Command, { terminal, report, exitWith }: Invocation): void {
  explain(
    command,
    'Runs on the server, reads the event log itself, checks the signature of everything in it, and folds it with the same code that decides. With --from-export it does the same with a file that `countersign audit export` wrote, on any machine.',
  )
  withJson(command)
    .option('--until <time>', 'the states as they were at this time: 2026-01-31, 2026-01-31T09:30:00Z')
    .option('--stream <id>', 'only this entity: its kind, a hyphen, its id, such as signingRequest-0b7e9a52-…')
    .option('--compare', 'hold the states against the read model and name every difference')
    .option('--from-export <file>', 'an export in the place of the log')
    .option(
      '--installation-key <file>',
      "with --from-export: the installation's public key, PEM; else that of the settings or the data directory",
    )
    .option(...configOption)
    .action(
      localAction(async ({ until, stream, compare = false, fromExport, installationKey, config }: Options) => {
        if (compare && fromExport !== undefined)
          throw usageError('--compare and --from-export exclude each other.', 'An export has no read model beside it.')
        if (installationKey !== undefined && fromExport === undefined)
          throw usageError('--installation-key needs --from-export.', 'The log is checked by the key of the settings.')
        if (compare && until !== undefined)
          throw usageError('--compare and --until exclude each other.', 'The read model knows the present only.')
        const moment = until === undefined ? undefined : parseInstant(until, '--until')
        const found = async (path: string | undefined) =>
          path === undefined ? undefined : (await findLocalFile(resolve(terminal.workingDirectory, path))).path
        const source = { fromExport: await found(fromExport), installationKeyFile: await found(installationKey) }
        const { auditReplay } = await localCommands()
        await auditReplay({ until: moment, stream, compare, ...source, configFile: config }, async (replayed) => {
          const file = replayed.file === null ? null : readableFile(replayed.file)
          const { events, streams, states, signatures, broken, differenceCount } = replayed
          const differences = replayed.differences?.map(explicit) ?? null
          // A mistyped stream has no differences either, which nobody should take for an audit.
          if (stream !== undefined && events === 0 && signatures.faultCount === 0 && !differences?.length)
            throw nothingOf(stream, moment)
          await report.longResult(
            { file, events, states: [], signatures, broken, differenceCount, differences },
            { name: 'states', items: states, json: stateJson },
            (state) => stateText(state, report.marker),
            () =>
              [
                ...(file === null ? [] : [fileText(file, report.marker)]),
                `${count(events, 'event')} of ${count(streams, 'stream')} replayed.\n`,
                signaturesText(signatures, report.marker),
                ...(broken === null ? [] : [`The log cannot be folded: ${safeText(broken.message)}\n`]),
                ...(differences === null ? [] : [differencesText(differenceCount ?? 0, differences, report.marker)]),
              ].join(''),
          )
          const isDamaged = file !== null && file.faultCount > 0
          if (isDamaged || signatures.faultCount > 0 || (differences !== null && differences.length > 0))
            exitWith(exitCode.different)
        })
      }),
    )
}

// JSON leaves out what is undefined; "nothing" is said as null.
function explicit({ streamId, path, log = null, readModel = null }: Difference): Difference {
  return { streamId, path, log, readModel }
}

function nothingOf(stream: string, until: string | undefined): Error {
  return usageError(
    `The log has no event of ${JSON.stringify(stream)}${until === undefined ? '' : ` up to ${until}`}.`,
    'A stream is a kind, a hyphen and an id, as `countersign audit replay` lists them: signingRequest-0b7e9a52-…',
    'STREAM_NOT_FOUND',
  )
}

function stateJson({ streamId, revision, stateJson: state }: ReplayedState): string {
  return `{"streamId":${JSON.stringify(streamId)},"revision":${revision},"state":${state}}`
}

function stateText({ streamId, revision, stateJson }: ReplayedState, marker: Marker): string {
  const heading = `${marker('strong', safeText(streamId))} ${marker('faint', `at revision ${revision}`)}`
  const lines = JSON.stringify(JSON.parse(stateJson), null, 2).split('\n').map(safeText)
  return `${heading}\n${lines.join('\n')}\n\n`
}

function readableFile({ header: { organizationId, exportedAt }, events, faultCount, faults }: ExportedFile) {
  return { organizationId, exportedAt, events, faultCount, faults }
}

function fileText(file: ReturnType<typeof readableFile>, marker: Marker): string {
  const { organizationId, exportedAt, events, faultCount, faults } = file
  const whose = organizationId === null ? 'the whole log' : `the organization ${safeText(organizationId)}`
  const head = `Export of ${whose} at ${safeText(exportedAt)}: ${count(events, 'event')}.`
  if (faultCount === 0) return `${marker('good', `${head} Every line is as it was exported.`)}\n`
  const rows = faults.map(({ line, code, reason }) => [String(line), code, reason])
  const more = faultCount > rows.length ? ` The first ${rows.length}:` : ''
  const heading = marker('bad', `${head} It is not as it was exported, in ${count(faultCount, 'place')}:${more}`)
  return `${heading}\n${table(['line', 'code', 'what'], rows, marker)}`
}

function signaturesText({ appends, faultCount, faults }: SignatureAudit, marker: Marker): string {
  if (faultCount === 0) return `${marker('good', `${count(appends, 'signature')} checked: all right.`)}\n`
  const rows = faults.map(({ kind, streamId, revision, eventId, reason }) => [
    kind,
    streamId,
    String(revision),
    eventId ?? '',
    reason,
  ])
  const more = faultCount > rows.length ? ` The first ${rows.length}:` : ''
  const heading = marker('bad', `The log is not what was written, in ${count(faultCount, 'place')}:${more}`)
  return `${heading}\n${table(['what', 'stream', 'revision', 'event', 'why'], rows, marker)}`
}

function differencesText(total: number, differences: readonly Difference[], marker: Marker): string {
  if (differences.length === 0) return `${marker('good', 'The read model says the same.')}\n`
  const rows = differences.map(({ streamId, path, log, readModel }) => [
    streamId,
    path,
    JSON.stringify(log),
    JSON.stringify(readModel),
  ])
  const more = total > rows.length ? ` The first ${rows.length}:` : ''
  const heading = marker('bad', `The read model differs in ${count(total, 'place')}:${more}`)
  return `${heading}\n${table(['stream', 'where', 'log', 'read model'], rows, marker)}`
}
