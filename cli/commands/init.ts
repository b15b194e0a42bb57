import type { Command } from 'commander'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands } from '../local-commands.ts'

type Options = {
  readonly organization: string
  readonly administrator: string
  readonly demo?: boolean
  readonly out?: string
  readonly config?: string
}

/** `countersign init`. With `--json`: `{ organizationId, credentialsFile }`. */
export function define(command: Command, { report }: Invocation): void {
  explain(
    command,
    'Runs on the server, once, on an empty event log. The tokens are written to a file that only you can read, and nowhere else. With --demo a worker and a signer must be at work: the demo has keys.',
  )
  withJson(command)
    .option('--organization <name>', "the organization's name", 'Organization')
    .option('--administrator <name>', 'the name of its first Global Administrator', 'Administrator')
    .option('--demo', 'the demo organization instead: a project, two policies, five users')
    .option('--out <file>', 'a new file for the tokens; by default credentials.json in the data folder')
    .option(...configOption)
    .action(
      localAction(async ({ organization, administrator, demo = false, out, config }: Options) => {
        const { init } = await localCommands()
        const made = await init({ organization, administrator, demo, out, configFile: config })
        report.result(
          made,
          () => `Organization ${made.organizationId} is set up. The tokens are in ${made.credentialsFile}\n`,
        )
      }),
    )
}
