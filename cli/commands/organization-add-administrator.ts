import type { Command } from 'commander'
import { usageError } from '../cli-error.ts'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands } from '../local-commands.ts'

type Options = { readonly user?: string; readonly name?: string; readonly out?: string; readonly config?: string }

/** `countersign organization add-administrator ORGANIZATION`. With `--json`: `{ userId, credentialsFile }`. */
export function define(command: Command, { report }: Invocation): void {
  explain(
    command,
    'Runs on the server, also while the service runs: for the day on which no administrator is left who could do it. With --user somebody who was deactivated is active again, with the roles from before; with --name somebody new is added, whose token is written to a file. Everybody sees in the history that the operator did it. Where changes of rules are controlled, whom the operator alone made Global Administrator approves no changes.',
  )
  withJson(command)
    .argument('<organization>', 'the id of the organization')
    .option('--user <id>', 'somebody who is there')
    .option('--name <name>', 'somebody new')
    .option('--out <file>', 'with --name: a new file for the token')
    .option(...configOption)
    .action(
      localAction(async (organization: string, { user, name, out, config }: Options) => {
        const { addAdministrator } = await localCommands()
        const added = await addAdministrator({ organization, ...who(user, name, out), configFile: config })
        report.result(added, () =>
          added.credentialsFile === null
            ? `${added.userId} is Global Administrator.\n`
            : `${added.userId} is Global Administrator. The token is in ${added.credentialsFile}\n`,
        )
      }),
    )
}

function who(user: string | undefined, name: string | undefined, out: string | undefined) {
  if (user !== undefined && name === undefined && out === undefined) return { user }
  if (user === undefined && name !== undefined && out !== undefined) return { name, out }
  throw usageError('Name somebody who is there with --user, or somebody new with --name and --out.')
}
