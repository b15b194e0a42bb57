import type { Command } from 'commander'
import { parseInstant } from '../duration.ts'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands } from '../local-commands.ts'
import { safeText } from '../output/safe-text.ts'

type Options = { readonly since?: string; readonly reason?: string; readonly config?: string }

/** `countersign event-key revoke`. With `--json`: `{ keyId, since }`. */
export function define(command: Command, { report }: Invocation): void {
  explain(
    command,
    'Runs on the server. Nothing that the key signs from now on is believed, and nothing that says it happened since --since; the signer and `countersign audit replay` keep to it at once. Requests that rest on such events wait. A process that has the key stops appending within seconds: give it a new one.',
  )
  withJson(command)
    .argument('<id>', 'the id of the key, as the streams processKey-… have it')
    .option('--since <time>', 'when somebody else may have had it first: 2026-01-31T09:30:00Z; now by default')
    .option('--reason <text>', 'why, for those who read the log')
    .option(...configOption)
    .action(
      localAction(async (keyId: string, { since, reason, config }: Options) => {
        const moment = since === undefined ? undefined : parseInstant(since, '--since')
        const { revokeEventKey } = await localCommands()
        const revoked = await revokeEventKey({ keyId, since: moment, reason, configFile: config })
        report.result(
          revoked,
          () => `The event key ${safeText(revoked.keyId)} is revoked, for all since ${revoked.since}.\n`,
        )
      }),
    )
}
