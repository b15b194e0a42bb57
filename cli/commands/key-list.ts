import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { listKeys } from '../documents/keys.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { originText } from '../output/key-details.ts'
import { statusCell, table } from '../output/table.ts'

/** `countersign key list`. With `--json`: `{ keys: […] }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command).action(async (options: ConnectionOptions) => {
    const connection = await connect(invocation, options, 'ci')
    const { items } = await allPages(async (page) => (await ask(connection, listKeys, page)).keys)
    const { report } = invocation
    report.result({ keys: items }, () => {
      if (items.length === 0) return 'No keys.\n'
      const rows = items.map((key) => [
        key.keyId,
        key.name,
        statusCell(key.deletion === null || key.status === 'destroyed' ? key.status : 'to be destroyed'),
        key.keyStore,
        key.algorithm.replaceAll('_', '-'),
        originText(key),
      ])
      return table(['id', 'name', 'status', 'key store', 'type', 'origin'], rows, report.marker)
    })
  })
}
