import type { Command } from 'commander'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { localCommands } from '../local-commands.ts'
import { localFailure } from '../local-failure.ts'
import { count } from '../output/quantities.ts'

type Options = { readonly config?: string }

/** `countersign request resume`. With `--json`: `{ unfinished, started: [id …] }`. */
export function define(command: Command, { report }: Invocation): void {
  explain(
    command,
    "Runs on the server. Every start of a worker does the same; this does it at any time, such as after Temporal's own store was lost: the event log knows everything that a workflow needs.",
  )
  withJson(command)
    .option('--config <file>', "the server's settings in JSON; environment variables COUNTERSIGN_… stand above it")
    .action(async ({ config }: Options) => {
      try {
        const { unfinished, started } = await (await localCommands()).resume({ configFile: config })
        report.result({ unfinished, started }, () =>
          [`${count(unfinished, 'unfinished request')}, ${started.length} without a running workflow.`, ...started]
            .map((line) => `${line}\n`)
            .join(''),
        )
      } catch (error) {
        throw localFailure(error)
      }
    })
}
