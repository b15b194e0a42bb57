import type { Command } from 'commander'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands } from '../local-commands.ts'
import { count } from '../output/quantities.ts'

type Options = { readonly config?: string }

/** `countersign projections rebuild`. With `--json`: `{ events }`. */
export function define(command: Command, { report }: Invocation): void {
  explain(command, 'Runs on the server. The event log is not touched; the read model answers as before afterwards.')
  withJson(command)
    .option(...configOption)
    .action(
      localAction(async ({ config }: Options) => {
        const { events } = await (await localCommands()).rebuildProjections({ configFile: config })
        report.result({ events }, () => `The read model was made anew from ${count(events, 'event')}.\n`)
      }),
    )
}
