import type { Command } from 'commander'
import { usageError } from '../cli-error.ts'
import { parseInstant } from '../duration.ts'
import { exitCode } from '../exit-code.ts'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { type Difference, localCommands, type ReplayedState, type SignatureAudit } from '../local-commands.ts'
import { count } from '../output/quantities.ts'
import { safeText } from '../output/safe-text.ts'
import { type Marker, table } from '../output/table.ts'

type Options = {
  readonly until?: string
  readonly stream?: string
  readonly compare?: boolean
  readonly config?: string
}

/** `countersign audit replay`. With `--json`: `{ events, states: […], signatures: { appends, faultCount, faults: […] }, broken: { code, message } | null, differences: […] | null }`. */
export function define(command: Command, { report, exitWith }: Invocation): void {
  explain(
    command,
    'Runs on the server, reads the event log itself, checks the signature of everything in it, and folds it with the same code that decides.',
  )
  withJson(command)
    .option('--until <time>', 'the states as they were at this time: 2026-01-31, 2026-01-31T09:30:00Z')
    .option('--stream <id>', 'only this entity: its kind, a hyphen, its id, such as signingRequest-0b7e9a52-…')
    .option('--compare', 'hold the states against the read model and name every difference')
    .option(...configOption)
    .action(
      localAction(async ({ until, stream, compare = false, config }: Options) => {
        if (compare && until !== undefined)
          throw usageError('--compare and --until exclude each other.', 'The read model knows the present only.')
        const moment = until === undefined ? undefined : parseInstant(until, '--until')
        const { auditReplay } = await localCommands()
        await auditReplay({ until: moment, stream, compare, configFile: config }, (replayed) => {
          const { events, streams, states, signatures, broken } = replayed
          const differences = replayed.differences?.map(explicit) ?? null
          // A mistyped stream has no differences either, which nobody should take for an audit.
          if (stream !== undefined && events === 0 && signatures.faultCount === 0 && !differences?.length)
            throw nothingOf(stream, moment)
          report.longResult(
            { events, states: [], signatures, broken, differences },
            { name: 'states', items: states },
            (state) => stateText(state, report.marker),
            () =>
              [
                `${count(events, 'event')} of ${count(streams, 'stream')} replayed.\n`,
                signaturesText(signatures, report.marker),
                ...(broken === null ? [] : [`The log cannot be folded: ${safeText(broken.message)}\n`]),
                ...(differences === null ? [] : [differencesText(differences, report.marker)]),
              ].join(''),
          )
          if (signatures.faultCount > 0 || (differences !== null && differences.length > 0))
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

function stateText({ streamId, revision, state }: ReplayedState, marker: Marker): string {
  const heading = `${marker('strong', safeText(streamId))} ${marker('faint', `at revision ${revision}`)}`
  const lines = JSON.stringify(state, null, 2).split('\n').map(safeText)
  return `${heading}\n${lines.join('\n')}\n\n`
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

function differencesText(differences: readonly Difference[], marker: Marker): string {
  if (differences.length === 0) return `${marker('good', 'The read model says the same.')}\n`
  const rows = differences.map(({ streamId, path, log, readModel }) => [
    streamId,
    path,
    JSON.stringify(log),
    JSON.stringify(readModel),
  ])
  const heading = marker('bad', `The read model differs in ${count(rows.length, 'place')}:`)
  return `${heading}\n${table(['stream', 'where', 'log', 'read model'], rows, marker)}`
}
