import type { Command } from 'commander'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands } from '../local-commands.ts'
import { count } from '../output/quantities.ts'

type Options = { readonly config?: string }

/** `countersign request resume`. With `--json`: `{ unfinished, started: [id …] }`. */
export function define(command: Command, { report }: Invocation): void {
  explain(
    command,
    "Runs on the server. Every start of a worker does the same; this does it at any time, such as after Temporal's own store was lost: the event log knows everything that a workflow needs.",
  )
  withJson(command)
    .option(...configOption)
    .action(
      localAction(async ({ config }: Options) => {
        const { unfinished, started } = await (await localCommands()).resume({ configFile: config })
        report.result({ unfinished, started }, () =>
          [`${count(unfinished, 'unfinished request')}, ${started.length} without a running workflow.`, ...started]
            .map((line) => `${line}\n`)
            .join(''),
        )
      }),
    )
}
