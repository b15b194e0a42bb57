import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError, usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { openBody } from '../connection/download.ts'
import { resourceOf } from '../connection/server-address.ts'
import { longestTransferSilenceMs, watchSilence } from '../connection/silence.ts'
import { checkDestination, replaceFile } from '../destination.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands } from '../local-commands.ts'
import { count } from '../output/quantities.ts'

type Options = ConnectionOptions & {
  readonly output?: string
  readonly from?: string
  readonly wholeLog?: true
  readonly config?: string
}

/** `countersign audit export`. With `--json`: `{ output, events, size, sha256 }`. */
export function define(command: Command, invocation: Invocation): void {
  const { terminal, report } = invocation
  explain(
    command,
    'One event a line, with the texts that were signed, so that `countersign audit replay --from-export` can check everything without the service. Of the organization of the token; with --whole-log, on the server, of the log itself with all organizations.',
  )
  withConnection(command)
    .option('--output <file>', 'where to save it; a file that is there is replaced. Standard output without it')
    .option('--from <position>', 'begin at the event at this position; such a part cannot be replayed by itself')
    .option('--whole-log', 'on the server: all of the event log')
    .option(...configOption)
    .action(
      localAction(async (options: Options) => {
        const { output, from, wholeLog } = options
        if (output === undefined && report.json)
          throw usageError('--json needs --output.', 'Standard output is where the export itself goes.')
        const destination =
          output === undefined
            ? undefined
            : await checkDestination(resolve(terminal.workingDirectory, output), '--output')
        const chunks = wholeLog
          ? (await localCommands()).auditExport({ from, configFile: options.config })
          : ofOrganization(invocation, options)
        const taken = startTaking()
        if (destination === undefined) {
          for await (const chunk of chunks) await terminal.stdout.writeBytes(taken.add(chunk))
          taken.end()
          return
        }
        // A file that was there stays when the export does not come to its end.
        await replaceFile(destination, async (file) => {
          for await (const chunk of chunks) await file.writeFile(taken.add(chunk))
          taken.end()
        })
        const { events, size, sha256 } = taken.end()
        report.result(
          { output: destination.path, events, size, sha256 },
          () => `Saved ${destination.path}: ${count(events, 'event')}, SHA-256 ${sha256}\n`,
        )
      }),
    )
}

async function* ofOrganization(invocation: Invocation, options: Options): AsyncGenerator<Uint8Array> {
  const connection = await connect(invocation, options, null)
  const { server } = connection
  const target = resourceOf(server, 'audit-log/export')
  if (options.from !== undefined) target.searchParams.set('from', options.from)
  const silence = watchSilence(server, longestTransferSilenceMs, invocation.terminal.interruption())
  try {
    for await (const chunk of await openBody(connection, target, 'application/jsonl', silence.signal)) {
      silence.restart()
      yield chunk
    }
  } finally {
    silence.end()
  }
}

/** What was saved. */
type Taken = { readonly events: number; readonly size: number; readonly sha256: string }

/** So many bytes at the end hold the last line, which is short. */
const tailBytes = 4_096

/** Looks on while an export passes: whether it came to its end, which its last line says. */
function startTaking() {
  const hash = createHash('sha256')
  let size = 0
  let tail = Buffer.alloc(0)
  return {
    add(chunk: Uint8Array): Uint8Array {
      hash.update(chunk)
      size += chunk.length
      tail = Buffer.concat([tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes)
      return chunk
    },
    /** @throws CliError `EXPORT_CUT` */
    end(): Taken {
      const events = eventsOf(tail.toString('utf8'))
      if (events === undefined)
        throw new CliError('EXPORT_CUT', 'The export did not come to its end: its last line is missing.', {
          hint: 'Nothing was saved. Export again.',
        })
      return { events, size, sha256: hash.copy().digest('hex') }
    },
  }
}

function eventsOf(tail: string): number | undefined {
  if (!tail.endsWith('\n')) return undefined
  try {
    const { end, events } = JSON.parse(tail.trimEnd().split('\n').at(-1) ?? '')
    return end === true && typeof events === 'number' ? events : undefined
  } catch {
    return undefined
  }
}
