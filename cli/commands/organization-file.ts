import type { Command } from 'commander'
import { stringify } from 'yaml'
import { everything, readCurrentState } from '../apply/current-state.ts'
import { describeOrganization } from '../apply/describe-organization.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'

/** `countersign organization file`. With `--json`: the same document as JSON, which `apply` takes, too. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Prints groups, projects and policies as they are now, for `countersign apply`: to begin with configuration as code, or to compare.',
  )
  withConnection(command).action(async (options: ConnectionOptions) => {
    const connection = await connect(invocation, options, 'ci')
    const file = describeOrganization(await readCurrentState(connection, everything))
    invocation.report.result(file, () => stringify(file, { lineWidth: 0 }))
  })
}
