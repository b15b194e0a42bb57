import type { Command } from 'commander'
import { CliError, usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { changeControlOf, changeStatementKey } from '../documents/changes.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { type BasedOnOption, withBasedOn, withChangeReason } from '../people.ts'

type Options = ConnectionOptions & BasedOnOption & { readonly key?: string; readonly policyKey?: true }

/**
 * `countersign organization statement-key`. With `--json`: as `organization change-control`.
 */
export function define(command: Command, invocation: Invocation): void {
  const explained = explain(
    command,
    'Shows which key signs where something comes from (provenance). With options, says which one does from now on: a key of the organization that can sign, or the key of the certificate of each policy, as it is in the beginning.',
  )
  withBasedOn(withChangeReason(withConnection(explained)))
    .option('--key <id>', 'this key signs all statements')
    .option('--policy-key', "the key of the policy's certificate signs them")
    .action(async ({ key, policyKey, ...options }: Options) => {
      if (key !== undefined && policyKey) throw usageError('--key and --policy-key exclude each other.')
      const isChange = key !== undefined || policyKey === true
      const keyId = key === undefined ? null : parseId(key, 'key')
      const { report } = invocation
      const connection = await connect(invocation, options, isChange ? null : 'ci')
      const { organization } = await ask(connection, changeControlOf, {})
      if (organization === null)
        throw new CliError('ORGANIZATION_NOT_FOUND', 'There is no such organization.', { exitCode: exitCode.refused })
      if (!isChange) {
        report.result(organization, () => `${textOf(organization.statementKey)}\n`)
        return
      }
      const input = { keyId, basedOnRevision: options.basedOn ?? organization.revision }
      const changed = (await ask(connection, changeStatementKey, { input })).changeStatementKey
      report.result(changed, () =>
        changed.changeProposal === null
          ? `${textOf(changed.organization?.statementKey ?? null)}\n`
          : `Proposed as the change ${changed.changeProposal.changeProposalId}: it holds when others have approved it.\n`,
      )
    })
}

function textOf(key: { readonly keyId: string; readonly name: string } | null): string {
  return key === null
    ? "Statements are signed by the key of the policy's certificate."
    : `Statements are signed by the key ${key.name}, ${key.keyId}.`
}
