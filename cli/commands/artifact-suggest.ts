import { resolve } from 'node:path'
import type { Command } from 'commander'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands } from '../local-commands.ts'
import { findLocalFile } from '../local-file.ts'
import { pathText } from '../output/quantities.ts'

type Options = { readonly config?: string }

/** `countersign artifact suggest`. With `--json`: `{ text, left }`. */
export function define(command: Command, { report, terminal }: Invocation): void {
  explain(
    command,
    'Reads the file on this machine; nothing is sent anywhere. What is signed already is left alone, and named on standard error.',
  )
  withJson(command)
    .argument('<file>', 'the file')
    .option(...configOption)
    .action(
      localAction(async (file: string, { config }: Options) => {
        const { path } = await findLocalFile(resolve(terminal.workingDirectory, file))
        const suggestion = await (await localCommands()).suggestConfiguration({ configFile: config, file: path })
        for (const { path: left, reason } of suggestion.left)
          if (reason !== 'unsignable') report.note(`left as it is (${reason}): ${pathText(left)}`)
        report.result(suggestion, () => suggestion.text ?? 'Nothing in it can be signed.\n')
      }),
    )
}
