import { withAllEvents } from './all-pages.ts'
import { CliError } from './cli-error.ts'
import type { Connection } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import { type ChangeDecided, type ChangeDetails, changeWithEvents } from './documents/changes.ts'
import { exitCode } from './exit-code.ts'
import type { Invocation } from './invocation.ts'

/** A proposed change with all of its time line. @throws CliError `CHANGE_PROPOSAL_NOT_FOUND` */
export function fetchChange(connection: Connection, id: string) {
  return withAllEvents<ChangeDetails>(
    async (after) => (await ask(connection, changeWithEvents, { id, after })).changeProposal,
    () =>
      new CliError('CHANGE_PROPOSAL_NOT_FOUND', `There is no proposed change ${id}.`, {
        hint: '`countersign change list` shows the proposed changes.',
        exitCode: exitCode.refused,
      }),
  )
}

/** Prints what became of a proposed change. @param verb past tense, e.g. `Approved` */
export function reportDecision({ report }: Invocation, verb: string, decided: ChangeDecided): void {
  const { changeProposalId, changeProposal } = decided
  report.result(decided, () => {
    if (changeProposal === null) return `${verb} ${changeProposalId}.\n`
    const { status, missingApprovals } = changeProposal
    const missing = status === 'proposed' ? `, and needs ${missingApprovals} more` : ''
    return `${verb} ${changeProposalId}. It is ${status} now${missing}.\n`
  })
}
