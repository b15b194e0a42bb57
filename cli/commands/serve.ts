import type { Command } from 'commander'
import { explain, type Invocation } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localService } from '../local-commands.ts'

type Options = { readonly roles?: string; readonly config?: string; readonly demo: boolean }

/** `countersign serve`. */
export function define(command: Command, _invocation: Invocation): void {
  explain(
    command,
    "Without --roles everything runs on this machine, with its data in .countersign (COUNTERSIGN_DATA): Temporal's development server, the event log, the read model, the artifacts, a SoftHSM2 token and a time-stamp authority for tests. With --roles the settings say where the parts are. Ends on Ctrl-C or SIGTERM.",
  )
  command
    .option('--roles <roles>', 'api, worker, signer, projector: some of them, with commas between; else all, embedded')
    .option(...configOption)
    .option('--no-demo', 'do not make the demo organization when the data directory is new')
    .action(
      localAction(async ({ roles, config, demo }: Options) =>
        (await localService()).serve({ roles, configFile: config, demo }),
      ),
    )
}
