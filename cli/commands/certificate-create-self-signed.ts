import type { Command } from 'commander'
import { type NewCertificateOptions, newCertificate, parseNumber, withNewCertificate } from '../certificate-options.ts'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { createSelfSigned } from '../documents/certificates.ts'
import { parseInstant } from '../duration.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { reportCertificate } from '../report-certificate.ts'

type Options = ConnectionOptions &
  NewCertificateOptions & {
    readonly days: string
    readonly notBefore?: string
    readonly renewBeforeHours?: string
  }

const day = 86_400_000

/** `countersign certificate create-self-signed`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export function define(command: Command, invocation: Invocation): void {
  withNewCertificate(withConnection(command))
    .requiredOption('--days <number>', 'how long it is valid')
    .option('--not-before <moment>', 'from when on; else from now')
    .option('--renew-before-hours <number>', 'the next one is made so long before its end, again and again')
    .action(async (options: Options) => {
      const days = parseNumber(options.days, '--days')
      if (days === 0) throw usageError('--days must be one or more.')
      const from =
        options.notBefore === undefined ? new Date().toISOString() : parseInstant(options.notBefore, '--not-before')
      const { renewBeforeHours } = options
      const input = {
        ...newCertificate(options),
        notBefore: from,
        notAfter: new Date(Date.parse(from) + days * day).toISOString(),
        ...(renewBeforeHours !== undefined && {
          renewBeforeHours: parseNumber(renewBeforeHours, '--renew-before-hours'),
        }),
      }
      const connection = await connect(invocation, options, null)
      const { createSelfSignedCertificate: changed } = await ask(connection, createSelfSigned, { input })
      await reportCertificate(invocation, connection, 'Made', changed)
    })
}
