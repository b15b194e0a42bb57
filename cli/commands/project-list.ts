import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { listProjects } from '../documents/organization.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { statusCell, table } from '../output/table.ts'

/** `countersign project list`. With `--json`: `{ projects: […] }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command).action(async (options: ConnectionOptions) => {
    const connection = await connect(invocation, options, 'ci')
    const { items } = await allPages(async (page) => (await ask(connection, listProjects, page)).projects)
    const { report } = invocation
    report.result({ projects: items }, () => {
      if (items.length === 0) return 'No projects.\n'
      const rows = items.map(({ slug, name, status, signingPolicies }) => [
        slug,
        name,
        statusCell(status, 'valid'),
        signingPolicies.map((policy) => policy.slug).join(', ') || '–',
      ])
      return table(['slug', 'name', 'status', 'policies'], rows, report.marker)
    })
  })
}
