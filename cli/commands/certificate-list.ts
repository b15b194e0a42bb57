import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { listCertificates } from '../documents/organization.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { readableTime } from '../output/quantities.ts'
import { statusCell, table } from '../output/table.ts'

/** `countersign certificate list`. With `--json`: `{ certificates: […] }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command).action(async (options: ConnectionOptions) => {
    const connection = await connect(invocation, options, 'ci')
    const { items } = await allPages(async (page) => (await ask(connection, listCertificates, page)).certificates)
    const { report } = invocation
    report.result({ certificates: items }, () => {
      if (items.length === 0) return 'No certificates.\n'
      const rows = items.map(({ certificateId, name, status, key, subject, notAfter }) => [
        certificateId,
        name,
        statusCell(status),
        key === null ? '–' : `${key.algorithm.replaceAll('_', '-')}${key.potentiallyExposed ? ', exposed' : ''}`,
        notAfter === null ? '–' : readableTime(notAfter),
        subject ?? '–',
      ])
      return table(['id', 'name', 'status', 'key', 'until', 'subject'], rows, report.marker)
    })
  })
}
