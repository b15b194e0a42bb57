import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type RuleOutcome, simulatePolicy } from '../documents/policy-simulation.ts'
import { parseId } from '../entity-id.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { type Cell, table } from '../output/table.ts'

type Options = ConnectionOptions & {
  readonly project: string
  readonly policy: string
  readonly user?: string
  readonly branch?: string
  readonly sourceLevel?: string
  readonly sha256?: string
  readonly atVersion?: string
  readonly proposed?: string
}

/** `countersign policy simulate`. With `--json`: `{ wouldBeSigned, rules: [{ rule, input, outcome, code, message }] }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Says whether something would be signed, once those who must approve have, and what every rule says. Nothing is submitted.',
  )
  withConnection(command)
    .requiredOption('--project <slug>', 'the project (slug or id)')
    .requiredOption('--policy <slug>', 'the signing policy (slug or id)')
    .option('--user <id>', 'who would submit (default: whose token it is)')
    .option('--branch <name>', 'which branch it would be built from')
    .option('--source-level <1-4>', 'of which level a verification summary of the source would come')
    .option('--sha256 <digest>', 'of the artifact')
    .option('--at-version <number>', 'by this version of the policy instead of the one in force')
    .option('--proposed <file>', 'by these settings instead: JSON, of the form of SigningPolicySettingsInput')
    .action(async (options: Options) => {
      const { project, policy: signingPolicy, user, branch = null, sha256 = null } = options
      const { sourceLevel, atVersion, proposed } = options
      const variables = {
        project,
        signingPolicy,
        user: user === undefined ? null : parseId(user, 'user'),
        branch,
        sourceLevel: sourceLevel === undefined ? null : parseLevel(sourceLevel),
        artifactSha256: sha256,
        atVersion: atVersion === undefined ? null : parseVersion(atVersion),
        proposed: proposed === undefined ? null : await readSettings(proposed),
      }
      const connection = await connect(invocation, options, 'ci')
      const { policySimulation } = await ask(connection, simulatePolicy, variables)
      const { report } = invocation
      report.result(policySimulation, () => {
        const { wouldBeSigned, rules } = policySimulation
        const verdict = wouldBeSigned
          ? report.marker('good', 'It would be signed.')
          : report.marker('bad', 'It would not be signed.')
        const rows = rules.map((each) => [each.rule, outcomeCell(each), each.input, reasonOf(each)])
        return `${verdict}\n\n${table(['rule', 'outcome', 'of', 'why'], rows, report.marker)}`
      })
    })
}

function outcomeCell({ outcome }: RuleOutcome): Cell {
  if (outcome === 'notAsked') return { text: 'not asked', mark: 'faint' }
  return { text: outcome, mark: outcome === 'met' ? 'good' : 'bad' }
}

function reasonOf({ code, message }: RuleOutcome): string {
  return [code, message].filter((text) => text !== null).join(': ')
}

function parseVersion(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw usageError(`--at-version is not a whole number from 1: ${JSON.stringify(text.slice(0, 60))}.`)
  return Number(text)
}

function parseLevel(text: string): number {
  if (!/^[1-4]$/.test(text))
    throw usageError(`--source-level is 1, 2, 3 or 4; got ${JSON.stringify(text.slice(0, 60))}.`)
  return Number(text)
}

async function readSettings(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw usageError(`--proposed: ${JSON.stringify(path)} cannot be read as JSON: ${(error as Error).message}`)
  }
}
