import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { listPolicies, type PolicySummary } from '../documents/organization.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { principalNames } from '../output/request-details.ts'
import { statusCell, table } from '../output/table.ts'

type Options = ConnectionOptions & { readonly project?: string }

/** Each names lists of people, which the service counts as several. */
const pageSize = 40

/** `countersign policy list`. With `--json`: `{ signingPolicies: […] }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .option('--project <slug>', 'only of this project (slug or id)')
    .action(async (options: Options) => {
      const connection = await connect(invocation, options, 'ci')
      const { project = null } = options
      const { items } = await allPages(
        async (page) => (await ask(connection, listPolicies, { project, ...page })).signingPolicies,
        undefined,
        pageSize,
      )
      const { report } = invocation
      report.result({ signingPolicies: items }, () => {
        if (items.length === 0) return 'No signing policies.\n'
        const rows = items.map((policy) => [
          `${policy.project?.slug ?? '?'}/${policy.slug}`,
          statusCell(policy.status),
          policy.current.certificate?.name ?? '–',
          principalNames(policy.current.submitters),
          approvalText(policy),
          [...policy.current.existingSignatures, ...(policy.current.hashSigningAllowed ? ['hashes'] : [])].join(', '),
        ])
        return table(['policy', 'status', 'certificate', 'submitters', 'approval', 'signed files'], rows, report.marker)
      })
      if (items.length === 0 && project !== null)
        report.note('`countersign project list` shows which projects there are.', 'faint')
    })
}

function approvalText({ current: { approval } }: PolicySummary): string {
  if (approval === null) return 'none needed'
  return `${approval.requiredApprovals} of ${principalNames(approval.approvers)}`
}
