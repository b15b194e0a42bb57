import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { checkContinuity } from '../documents/certificates.ts'
import { parseId } from '../entity-id.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { continuityText } from '../output/certificate-details.ts'

/** `countersign certificate compare`. With `--json`: `{ findings: […] }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<before>', 'the certificate that is used now')
    .argument('<after>', 'the certificate that is to take its place')
    .action(async (first: string, second: string, options: ConnectionOptions) => {
      const [before, after] = [parseId(first, 'certificate'), parseId(second, 'certificate')]
      const connection = await connect(invocation, options, 'ci')
      const { checkContinuity: findings } = await ask(connection, checkContinuity, { before, after })
      const { report } = invocation
      report.result({ findings }, () => continuityText(findings, report.marker))
    })
}
