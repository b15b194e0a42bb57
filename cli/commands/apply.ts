import type { Command } from 'commander'
import { type CarriedOut, carryOut } from '../apply/carry-out.ts'
import { extentOf, readCurrentState } from '../apply/current-state.ts'
import { readOrganizationFile } from '../apply/organization-file.ts'
import { planChanges } from '../apply/plan-changes.ts'
import type { PlannedChange } from '../apply/planned-change.ts'
import { createReferences } from '../apply/references.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { carriedOutLine, changeLines, countsText } from '../output/change-lines.ts'
import { withChangeReason } from '../people.ts'
import { readSecretLine } from '../secret-line.ts'

type Options = ConnectionOptions & { readonly dryRun?: true; readonly prune?: true }

/**
 * `countersign apply`. With `--json`: `{ changes: […] }`, each with `action`, `kind`, `name`, `id`, `differences`, `state` and
 * `changeProposalId`; the state is `planned` with `--dry-run`.
 */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Makes groups, trusted build systems, projects and policies as a file says, YAML or JSON. What is so already is left alone. Where changes need approval, they are proposed. What the file does not name stays, unless --prune is given. The schema of the file is docs/organization-file.schema.json.',
  )
  withChangeReason(withConnection(command))
    .argument('<file>', 'how the organization is to be')
    .option('--dry-run', 'only show what would change')
    .option('--prune', 'put out of use what the file does not name, in the sections that it has')
    .action((path: string, options: Options) => apply(path, options, invocation))
}

async function apply(path: string, options: Options, invocation: Invocation): Promise<void> {
  const { report, terminal } = invocation
  const file = await readOrganizationFile(terminal.workingDirectory, path)
  const connection = await connect(invocation, options, options.dryRun === true ? 'ci' : null)
  const current = await readCurrentState(connection, extentOf(file))
  const references = createReferences(current, file)
  const { changes, warnings } = planChanges(file, current, references, options.prune === true)
  references.check(path)
  for (const warning of warnings) report.warn(warning)
  if (options.dryRun === true) {
    const planned = changes.map((change) => asResult(change, 'planned', change.proposedAs))
    report.result({ changes: planned }, () =>
      changes.length === 0
        ? countsText([])
        : changes.map((change) => changeLines(change, references.nameOf, report.marker)).join(''),
    )
    return
  }
  const existing = new Map(current.projects.map(({ slug, projectId }) => [`project:${slug}`, projectId]))
  const results: CarriedOut[] = []
  try {
    await carryOut(connection, changes, existing, {
      onResult(result) {
        results.push(result)
        report.note(carriedOutLine(result))
      },
      readSecret: (file) => readSecretLine(terminal, file),
    })
  } catch (error) {
    const refused = changes[results.length]
    if (refused !== undefined)
      report.warn(
        `${results.length} of ${changes.length} changes were carried out; what follows is about ${refused.kind} ${refused.name}. Nothing after it was tried: apply the file again.`,
      )
    throw error
  }
  report.result(
    { changes: results.map(({ change, state, changeProposalId }) => asResult(change, state, changeProposalId)) },
    () => countsText(results),
  )
}

function asResult(
  { action, kind, name, id, differences }: PlannedChange,
  state: CarriedOut['state'] | 'planned',
  changeProposalId: string | null,
) {
  return { action, kind, name, id, differences, state, changeProposalId }
}
