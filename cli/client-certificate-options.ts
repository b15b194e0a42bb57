import type { Command } from 'commander'

/** By which certificate of this machine a call is made. */
export type ClientCertificateOptions = {
  readonly clientCertificate?: readonly string[]
  readonly clientKey?: string
  readonly clientPasswordFile?: string
  readonly templateId?: string
}

/** Adds the options. */
export function withClientCertificate(command: Command): Command {
  return command
    .optionsGroup('Client certificate of this machine:')
    .option(
      '--client-certificate <file>',
      'for an authentication proxy: PEM with the certificate and those above it, or PKCS #12; may be repeated',
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option('--client-key <file>', 'its private key in PEM, when it is in a file of its own')
    .option(
      '--client-password-file <file>',
      'a file with the password of a PKCS #12 file (else COUNTERSIGN_PFX_PASSWORD)',
    )
    .option('--template-id <id>', 'of several certificates take that of this Microsoft template (an object identifier)')
    .optionsGroup('Options:')
}
