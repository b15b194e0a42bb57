import type { Command } from 'commander'
import { usageError } from './cli-error.ts'
import type { NewCertificate, Restrictions } from './documents/certificates.ts'
import { parseId } from './entity-id.ts'

/** Options that say what a new certificate is to be. */
export type NewCertificateOptions = NewKeyOptions & {
  readonly commonName: string
  readonly organization?: string
  readonly unit?: string
  readonly locality?: string
  readonly state?: string
  readonly country?: string
}

/** Options of new certificates of every kind. */
export type NewKeyOptions = {
  readonly name: string
  readonly key?: string
  readonly algorithm?: string
  readonly keyStore?: string
  readonly renews?: string
} & RestrictionOptions

/** Options that say what policies that use a certificate must demand. */
export type RestrictionOptions = {
  readonly requireApprovals?: string
  readonly requireOrigin?: true
  readonly requireTimestamp?: true
}

/** Adds the options of new certificates. */
export function withNewCertificate(command: Command): Command {
  return withNewKey(
    command
      .optionsGroup('Subject:')
      .requiredOption('--common-name <text>', 'CN')
      .option('--organization <text>', 'O')
      .option('--unit <text>', 'OU')
      .option('--locality <text>', 'L')
      .option('--state <text>', 'ST')
      .option('--country <code>', 'C: two letters, such as DE'),
  )
}

/** Adds the options of new certificates of every kind. */
export function withNewKey(command: Command): Command {
  return withRestrictions(
    command
      .optionsGroup('Options:')
      .requiredOption('--name <name>', 'what people call it')
      .optionsGroup('Key:')
      .option('--algorithm <type>', 'a new key: rsa-3072, rsa-4096, ec-p256, ec-p384, ec-p521; rsa-2048 for tests')
      .option('--key-store <name>', "the new key's key store; else `default`")
      .option('--key <id>', 'a key that there is')
      .optionsGroup('Options:')
      .option('--renews <id>', 'the certificate that it is to succeed'),
  )
}

/** Adds the options of restrictions. */
export function withRestrictions(command: Command): Command {
  return command
    .optionsGroup('What policies that use it must demand:')
    .option('--require-approvals <number>', 'so many approvals at least')
    .option('--require-origin', 'that the origin is verified')
    .option('--require-timestamp', 'a time-stamp')
    .optionsGroup('Options:')
}

/** What the service is asked with. @throws CliError `USAGE`, `ID_MALFORMED` */
export function newCertificate(options: NewCertificateOptions): NewCertificate {
  const { commonName, organization, unit: organizationalUnit, locality, state, country } = options
  const subject = { commonName, organization, organizationalUnit, locality, state, country }
  return {
    ...newKey(options),
    subject: Object.fromEntries(
      Object.entries(subject).flatMap(([field, text]) => (text === undefined ? [] : [[field, text]])),
    ),
  }
}

/** The same of every kind. @throws CliError `USAGE`, `ID_MALFORMED` */
export function newKey(options: NewKeyOptions): Omit<NewCertificate, 'subject'> {
  const { name, renews } = options
  return {
    name,
    key: keyOf(options),
    ...(renews !== undefined && { renews: parseId(renews, 'certificate') }),
    restrictions: restrictionsOf(options),
  }
}

/** What the service is asked with. @throws CliError `USAGE` */
export function restrictionsOf({
  requireApprovals,
  requireOrigin,
  requireTimestamp,
}: RestrictionOptions): Restrictions {
  return {
    minimumApprovals: requireApprovals === undefined ? 0 : parseNumber(requireApprovals, '--require-approvals'),
    originVerification: requireOrigin === true,
    timestamp: requireTimestamp === true,
  }
}

/** Reads a whole number of an option. @throws CliError `USAGE` */
export function parseNumber(text: string, option: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw usageError(`${option} is not a whole number: ${JSON.stringify(text.slice(0, 60))}.`)
}

function keyOf({ key, algorithm, keyStore }: NewKeyOptions): NewCertificate['key'] {
  if (key !== undefined && (algorithm !== undefined || keyStore !== undefined))
    throw usageError('--key names a key that there is; --algorithm and --key-store are for a new one.')
  if (key !== undefined) return { keyId: parseId(key, 'key') }
  if (algorithm === undefined)
    throw usageError('It is not said which key the certificate is for.', 'Give --algorithm for a new key, or --key.')
  return { algorithm: algorithm.replaceAll('-', '_'), ...(keyStore !== undefined && { keyStore }) }
}
