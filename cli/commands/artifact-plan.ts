import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { CliError, usageError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { type KeyAlgorithm, keyAlgorithms, localCommands } from '../local-commands.ts'
import { findLocalFile } from '../local-file.ts'
import { artifactPlanText } from '../output/artifact-tree.ts'

type Options = {
  readonly config?: string
  readonly artifactConfiguration: string
  readonly parameter?: readonly string[]
  readonly key: KeyAlgorithm
}

/** `countersign artifact plan`. With `--json`: `{ problems, files }`. */
export function define(command: Command, { report, terminal }: Invocation): void {
  explain(
    command,
    'Plans on this machine, without the service and without a key: every file, what it is matched by, and all that a request would be refused for. Exits with 6 when there is something.',
  )
  withJson(command)
    .argument('<file>', 'the file')
    .requiredOption('--artifact-configuration <file>', 'the artifact configuration (XML)')
    .option('--parameter <name=value...>', 'a parameter of the artifact configuration')
    .addOption(
      new Option('--key <type>', 'the type of the key that files would be signed with')
        .choices(keyAlgorithms)
        .default('rsa-4096'),
    )
    .option(...configOption)
    .action(
      localAction(async (file: string, options: Options) => {
        const { config, artifactConfiguration, parameter = [], key } = options
        const at = async (path: string) => (await findLocalFile(resolve(terminal.workingDirectory, path))).path
        const plan = await (await localCommands()).planArtifact({
          configFile: config,
          file: await at(file),
          configurationFile: await at(artifactConfiguration),
          parameters: Object.fromEntries(parameter.map(readParameter)),
          keyAlgorithm: key,
        })
        report.result(plan, () => artifactPlanText(plan, report.marker))
        const [first] = plan.problems
        if (first !== undefined)
          throw new CliError(first.code, 'The file would not be signed by this artifact configuration.', {
            exitCode: exitCode.refused,
          })
      }),
    )
}

function readParameter(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw usageError(`A parameter is written as name=value; got ${text}.`)
  return [name, value]
}
