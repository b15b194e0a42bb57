import type { Command } from 'commander'
import { CliError, usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type ChangeControl, changeChangeControl, changeControlOf } from '../documents/changes.ts'
import { exitCode } from '../exit-code.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { count } from '../output/quantities.ts'
import { withChangeReason } from '../people.ts'

type Options = ConnectionOptions & {
  readonly approvals?: string
  readonly days?: string
  readonly off?: true
  readonly basedOn?: string
}

const defaultDays = '7'

/**
 * `countersign organization change-control`. With `--json`: `{ organizationId, name, revision, changeControl, statementKey }`; of a
 * change `{ position, changeProposal, organization }`.
 */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Shows which approvals changes of rules need: of policies, approvers, roles, certificates and change control itself. With options, says which they need from now on; where they need some already, that is proposed like any such change.',
  )
  withChangeReason(withConnection(command))
    .option('--approvals <number>', 'changes need so many approvals besides that of their author')
    .option('--days <number>', `a change lapses after so many days (default: ${defaultDays})`)
    .option('--off', 'changes need no approval')
    .option('--based-on <revision>', "the organization's revision that this was decided for (default: that of now)")
    .action(async (options: Options) => {
      const wanted = wantedControl(options)
      const { report } = invocation
      const connection = await connect(invocation, options, wanted === undefined ? 'ci' : null)
      const { organization } = await ask(connection, changeControlOf, {})
      if (organization === null)
        throw new CliError('ORGANIZATION_NOT_FOUND', 'There is no such organization.', { exitCode: exitCode.refused })
      if (wanted === undefined) {
        report.result(organization, () => `${controlText(organization.changeControl)}\n`)
        return
      }
      const basedOnRevision =
        options.basedOn === undefined ? organization.revision : wholeNumber(options.basedOn, '--based-on')
      const input = { changeControl: wanted, basedOnRevision }
      const changed = (await ask(connection, changeChangeControl, { input })).changeChangeControl
      report.result(changed, () =>
        changed.changeProposal === null
          ? `${controlText(wanted)}\n`
          : `Proposed as the change ${changed.changeProposal.changeProposalId}: it holds when others have approved it.\n`,
      )
    })
}

/** What the options want; `undefined` when they want nothing changed. */
function wantedControl({ approvals, days, off }: Options): ChangeControl | null | undefined {
  if (off && (approvals !== undefined || days !== undefined))
    throw usageError('--off and --approvals exclude each other.')
  if (off) return null
  if (approvals === undefined) {
    if (days === undefined) return undefined
    throw usageError('--days says for how long a change waits for its approvals: say --approvals too.')
  }
  return {
    requiredApprovals: wholeNumber(approvals, '--approvals'),
    lifetimeSeconds: wholeNumber(days ?? defaultDays, '--days') * 86_400,
  }
}

function wholeNumber(text: string, option: string): number {
  if (!/^\d{1,6}$/.test(text))
    throw usageError(`${option} is not a whole number: ${JSON.stringify(text.slice(0, 60))}.`)
  return Number(text)
}

function controlText(control: ChangeControl | null): string {
  if (control === null) return 'Changes of rules need no approval.'
  const { requiredApprovals, lifetimeSeconds } = control
  const time = lifetimeSeconds % 86_400 === 0 ? count(lifetimeSeconds / 86_400, 'day') : `${lifetimeSeconds} s`
  return `Changes of rules need ${count(requiredApprovals, 'approval')} besides that of their author, within ${time}.`
}
