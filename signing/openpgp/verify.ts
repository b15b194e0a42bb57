import type { HashAlgorithm } from '../../domain/index.ts'
import { digestFile, readSignature as readSignatureFile } from '../detached/file-digest.ts'
import type { DetachedExpectation, OpenFile } from '../detached-signature.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { decodeBase64 } from '../x509/pem.ts'
import { openPgpSignatureHolds, readOpenPgpCertificate, readTime, requireIssuer } from './read-certificate.ts'
import { readPackets, readSignature } from './read-packets.ts'

/** What an OpenPGP signature that holds says. */
export interface VerifiedOpenPgpSignature {
  readonly encoding: 'ascii-armored' | 'binary'
  readonly hash: HashAlgorithm
  /** Of the file alone, hexadecimal. */
  readonly digest: string
}

/** A signature of RSA 4096 has some 600 octets. */
const longestSignature = 4096
const creationTime = 2
/** How far clocks may differ, in milliseconds. */
const clockDifference = 5 * 60_000
/** The subpackets that a signature of a file has, and no others. */
const expectedSubpackets = [2, 16, 33]

/**
 * Verifies a detached OpenPGP signature of version 4: its form to the byte, that it is by the key of the certificate while that was valid,
 * and that it is of the file.
 *
 * @throws SigningError `DETACHED_…`, `FILE_…`
 */
export async function verifyOpenPgpSignature(
  file: OpenFile,
  signatureFile: OpenFile,
  { openPgpCertificate, at }: DetachedExpectation,
  options: FileWorkOptions,
): Promise<VerifiedOpenPgpSignature> {
  if (openPgpCertificate === undefined)
    throw new SigningError('DETACHED_CERTIFICATE_MISSING', 'There is no OpenPGP certificate to verify with.')
  const certificate = await readOpenPgpCertificate(openPgpCertificate)
  const { bytes, encoding } = decoded(await readSignatureFile(signatureFile, longestSignature))
  const [packet, ...others] = readPackets(bytes, 'The OpenPGP signature')
  if (packet?.tag !== 2 || others.length > 0)
    throw new SigningError('DETACHED_MALFORMED', 'The file must hold one OpenPGP signature and nothing else.')
  const signature = readSignature(packet.body)
  const subpackets = [...signature.subpackets.keys()].toSorted((one, other) => one - other)
  if (signature.type !== 0 || subpackets.join() !== expectedSubpackets.join())
    throw new SigningError(
      'DETACHED_ATTRIBUTES_INVALID',
      'The OpenPGP signature must be of the bytes of a file, and say when it was made and by which key, and nothing else.',
    )
  requireIssuer(signature, Buffer.from(certificate.fingerprint, 'hex'))
  const time = new Date((readTime(signature, creationTime) ?? 0) * 1000)
  const { createdAt, expiresAt } = certificate
  if (time < createdAt || time.getTime() > at.getTime() + clockDifference || (expiresAt !== null && time >= expiresAt))
    throw new SigningError(
      'DETACHED_CERTIFICATE_EXPIRED',
      `The OpenPGP signature says that it was made at ${time.toISOString()}, when its key was not valid, or which has not come yet.`,
    )
  const { hash: algorithm } = signature
  const [digest, signed] = await digestFile(file, [{ algorithm }, { algorithm, behind: signature.trailer }], options)
  if (
    digest === undefined ||
    signed === undefined ||
    !(await openPgpSignatureHolds(certificate.publicKey, signature, signed))
  )
    throw new SigningError('DETACHED_SIGNATURE_INVALID', 'The OpenPGP signature is not one of the file.')
  return { encoding, hash: algorithm, digest: digest.toString('hex') }
}

const armor =
  /^-----BEGIN PGP SIGNATURE-----\n\n((?:[A-Za-z0-9+/=]+\n)+)=([A-Za-z0-9+/]{4})\n-----END PGP SIGNATURE-----\n$/

/** Armor without headers, in full lines. Its CRC-24 must be there, and decides nothing (RFC 9580 §6.1). */
function decoded(bytes: Buffer): Pick<VerifiedOpenPgpSignature, 'encoding'> & { readonly bytes: Uint8Array } {
  if ((bytes[0] ?? 0) >= 0x80) return { bytes, encoding: 'binary' }
  const [, base64 = ''] = armor.exec(bytes.toString('latin1')) ?? []
  const content = decodeBase64(base64)
  const lines =
    Buffer.from(content ?? [])
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  if (content === undefined || base64 !== `${lines.join('\n')}\n`)
    throw new SigningError(
      'DETACHED_MALFORMED',
      'The OpenPGP signature is neither binary nor ASCII armor without headers, in lines of 64 characters.',
    )
  return { bytes: content, encoding: 'ascii-armored' }
}
