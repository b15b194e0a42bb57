import type { Command } from 'commander'
import { withAllEvents } from '../all-pages.ts'
import { CliError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type KeyDetails, keyWithEvents } from '../documents/keys.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { timeLine } from '../output/event-text.ts'
import { keyText } from '../output/key-details.ts'

/** `countersign key show`. With `--json`: the key's fields, with `certificates` and `events`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the key')
    .action(async (text: string, options: ConnectionOptions) => {
      const id = parseId(text, 'key')
      const connection = await connect(invocation, options, 'ci')
      const { events, ...key } = await withAllEvents<KeyDetails>(
        async (after) => (await ask(connection, keyWithEvents, { id, after })).key,
        () => keyNotFound(id),
      )
      const { report } = invocation
      report.result({ ...key, events }, () => `${keyText(key, report.marker)}\n${timeLine(events, report.marker)}`)
    })
}

function keyNotFound(id: string): CliError {
  return new CliError('KEY_NOT_FOUND', `There is no key ${id}.`, {
    hint: '`countersign key list` shows the keys.',
    exitCode: exitCode.refused,
  })
}
