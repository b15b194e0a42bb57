import type { Command } from 'commander'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands } from '../local-commands.ts'

type Options = { readonly administrator: string; readonly out: string; readonly config?: string }

/** `countersign organization create NAME`. With `--json`: `{ organizationId, credentialsFile }`. */
export function define(command: Command, { report }: Invocation): void {
  explain(
    command,
    'Runs on the server, also while the service runs, when the installation has an organization already. The organizations know nothing of each other. The token of the first Global Administrator is written to a file that only you can read, and nowhere else.',
  )
  withJson(command)
    .argument('<name>', "the organization's name")
    .requiredOption('--out <file>', "a new file for its administrator's token")
    .option('--administrator <name>', 'the name of its first Global Administrator', 'Administrator')
    .option(...configOption)
    .action(
      localAction(async (organization: string, { administrator, out, config }: Options) => {
        const { createOrganization } = await localCommands()
        const made = await createOrganization({ organization, administrator, out, configFile: config })
        report.result(
          made,
          () => `Organization ${made.organizationId} is set up. Its token is in ${made.credentialsFile}\n`,
        )
      }),
    )
}
