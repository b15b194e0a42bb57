import { resolve } from 'node:path'
import { usageError } from './cli-error.ts'
import { findLocalFile, hashLocalFile } from './local-file.ts'

/** Hash algorithms that can be signed: OID, and bytes of a hash. */
export const signableHashes = {
  sha1: { oid: '1.3.14.3.2.26', length: 20 },
  sha256: { oid: '2.16.840.1.101.3.4.2.1', length: 32 },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', length: 48 },
  sha512: { oid: '2.16.840.1.101.3.4.2.3', length: 64 },
} as const

/** The name of one. */
export type SignableHashName = keyof typeof signableHashes

/**
 * The hash that is to be signed: of a file, made here, or one that was given.
 *
 * @param digest hexadecimal or base64
 * @throws CliError `USAGE` and as `findLocalFile` (exit code: usage)
 */
export async function localHash(
  { file, digest }: { readonly file: string | undefined; readonly digest: string | undefined },
  hash: SignableHashName,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<Buffer> {
  if ((file === undefined) === (digest === undefined))
    throw usageError('Name a file, or give its hash by --digest: one of them.')
  if (file !== undefined)
    return Buffer.from(await hashLocalFile(await findLocalFile(resolve(folder, file)), signal, hash), 'hex')
  const text = digest?.trim() ?? ''
  const { length } = signableHashes[hash]
  const given = /^[0-9a-fA-F]+$/.test(text) && text.length === 2 * length ? Buffer.from(text, 'hex') : fromBase64(text)
  if (given?.length === length) return given
  throw usageError(
    `--digest is no ${hash} hash, which has ${length} bytes: ${2 * length} hexadecimal characters, or base64.`,
    'Name another algorithm by --hash.',
  )
}

function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
