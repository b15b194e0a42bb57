import { readFile } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import type { Command } from 'commander'
import { largestPfx, type OpenedPfx, openPfx, Pkcs12Error } from '../../pkcs12/index.ts'
import { type RestrictionOptions, restrictionsOf, withRestrictions } from '../certificate-options.ts'
import { usageError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type CertificateChange, completeImport, importCertificate, type NewImport } from '../documents/certificates.ts'
import { parseId } from '../entity-id.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { findLocalFile, unreadableFile } from '../local-file.ts'
import { type PasswordOptions, readPfxPassword } from '../pfx-password.ts'
import { reportCertificate } from '../report-certificate.ts'
import { sealKey } from '../seal-key.ts'

type Options = ConnectionOptions &
  PasswordOptions &
  RestrictionOptions & { readonly name?: string; readonly keyStore?: string; readonly renews?: string }

/** `countersign certificate import`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export function define(command: Command, invocation: Invocation): void {
  const about =
    'The file is opened here: its password and its private key go nowhere. The key is sent so that only the key store can open it, and is marked as potentially exposed for ever. What was interrupted goes on when it is called again.'
  withRestrictions(
    withConnection(explain(command, about))
      .argument('<file>', 'the PKCS #12 file (.pfx, .p12)')
      .option('--name <name>', 'what people call it; else the name of the file')
      .option('--password-stdin', 'read the password from standard input')
      .option(
        '--password-file <file>',
        'read the password from a file (else COUNTERSIGN_PFX_PASSWORD, else it is asked for)',
      )
      .option('--key-store <name>', 'where the key is to be')
      .option('--renews <id>', 'the certificate that it is to succeed'),
  ).action(async (given: string, options: Options) => {
    const path = resolve(invocation.terminal.workingDirectory, given)
    const connection = await connect(invocation, options, null)
    const pfx = await openFile(path, invocation, options)
    try {
      const changed = await importPfx(connection, pfx, {
        name: options.name ?? basename(path, extname(path)),
        restrictions: restrictionsOf(options),
        ...(options.keyStore !== undefined && { keyStore: options.keyStore }),
        ...(options.renews !== undefined && { renews: parseId(options.renews, 'certificate') }),
      })
      await reportCertificate(invocation, connection, 'Imported', changed)
    } finally {
      pfx.privateKey.fill(0)
    }
  })
}

/** @throws CliError with the codes of {@link openPfx} (exit code: usage) */
async function openFile(path: string, { terminal }: Invocation, options: PasswordOptions): Promise<OpenedPfx> {
  const { size } = await findLocalFile(path)
  if (size > largestPfx)
    throw usageError(
      `${path} has ${size} bytes; a PKCS #12 file has at most ${largestPfx}.`,
      undefined,
      'PFX_TOO_LARGE',
    )
  const bytes = await readFile(path).catch((error: unknown) => Promise.reject(unreadableFile(path, error)))
  try {
    return await openPfx(bytes, await readPfxPassword(terminal, options))
  } catch (error) {
    throw error instanceof Pkcs12Error ? usageError(error.message, undefined, error.code) : error
  } finally {
    bytes.fill(0)
  }
}

async function importPfx(
  connection: Connection,
  { privateKey, publicKey, certificates }: OpenedPfx,
  facts: Omit<NewImport, 'publicKey' | 'file'>,
): Promise<CertificateChange> {
  const input = {
    ...facts,
    publicKey: publicKey.toString('base64'),
    file: Buffer.concat(certificates).toString('base64'),
  }
  const { importCertificate: begun } = await ask(connection, importCertificate, { input })
  const { certificateId, position, transportKey } = begun
  if (transportKey === null) return { certificateId, position, changeProposalId: null }
  const sealed = { certificateId, ...sealKey(privateKey, transportKey) }
  return (await ask(connection, completeImport, { input: sealed })).completeCertificateImport
}
