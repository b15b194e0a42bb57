import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { parseId } from '../entity-id.ts'
import { fetchChange } from '../fetch-change.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { changeDetailsText } from '../output/change-text.ts'
import { timeLine } from '../output/event-text.ts'

/** `countersign change show`. With `--json`: the change's fields, with `difference` and `events`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the proposed change')
    .action(async (text: string, options: ConnectionOptions) => {
      const id = parseId(text, 'change')
      const { events, ...change } = await fetchChange(await connect(invocation, options, 'ci'), id)
      const { report } = invocation
      report.result(
        { ...change, events },
        () => `${changeDetailsText(change, report.marker)}\n${timeLine(events, report.marker)}`,
      )
    })
}
