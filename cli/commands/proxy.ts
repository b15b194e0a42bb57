import { resolve } from 'node:path'
import type { Command } from 'commander'
import { usageError } from '../cli-error.ts'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { localAction } from '../local-action.ts'
import { proxyCommands } from '../local-commands.ts'

type Options = { readonly config?: string; readonly check?: true }

/** `countersign proxy`. With `--check --json`: `{ statementKey: { keyId, publicKey }, ruleSets: [{ name, trustedBuildSystemId }] }`. */
export function define(command: Command, { terminal, report }: Invocation): void {
  explain(
    withJson(command),
    'Build nodes connect to it with client certificates; whoever the rules of the file accept may submit and fetch by it, vouched for by the token of a trusted build system, which nodes never see. It reads changed files by itself, and on SIGHUP. Ends on Ctrl-C or SIGTERM.',
  )
    .option('--config <file>', 'what it listens on, whom it accepts and where the service is: YAML or JSON')
    .option('--check', 'read all files, say what is wrong with them or whom they accept, and end')
    .action(
      localAction(async ({ config, check }: Options) => {
        if (config === undefined)
          throw usageError(
            '--config is needed: the file that says whom the proxy accepts.',
            '`countersign proxy --help` shows what there is.',
          )
        const file = resolve(terminal.workingDirectory, config)
        const commands = await proxyCommands()
        if (check === undefined) return commands.proxy({ config: file })
        const checked = await commands.checkProxy({ config: file })
        const { statementKey, ruleSets } = checked
        const lines = ruleSets.map(
          ({ name, trustedBuildSystemId }) => `  ${name}: trusted build system ${trustedBuildSystemId}`,
        )
        report.result(
          checked,
          () =>
            `The configuration is valid.\nRule sets:\n${lines.join('\n')}\nPublic key of statements: ${statementKey.publicKey}\n`,
        )
      }),
    )
}
