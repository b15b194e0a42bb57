import { resolve } from 'node:path'
import type { Command } from 'commander'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands } from '../local-commands.ts'
import { findLocalFile } from '../local-file.ts'
import { inspectedText } from '../output/artifact-tree.ts'

type Options = { readonly config?: string }

/** `countersign artifact inspect`. With `--json`: the file with its fields, and `files[]` with theirs. */
export function define(command: Command, { report, terminal }: Invocation): void {
  explain(
    command,
    'Reads the file on this machine; nothing is sent anywhere. Archives in it are opened, to the limits of the settings.',
  )
  withJson(command)
    .argument('<file>', 'the file')
    .option(...configOption)
    .action(
      localAction(async (file: string, { config }: Options) => {
        const { path } = await findLocalFile(resolve(terminal.workingDirectory, file))
        const inspected = await (await localCommands()).inspectArtifact({ configFile: config, file: path })
        report.result(inspected, () => inspectedText(inspected, report.marker))
      }),
    )
}
