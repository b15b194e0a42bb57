import { z } from 'zod'
import { armored, type DirectiveOrder, type KeyAlgorithm, keyAlgorithms } from '../../domain/index.ts'
import { hashAlgorithm, outputFileName } from '../detached/attributes.ts'
import { digestFile, digestOfFile } from '../detached/file-digest.ts'
import type { DetachedMeans, DetachedSignature } from '../detached-signature.ts'
import { writeFully } from '../output-file.ts'
import { SigningError } from '../signing-error.ts'
import { signatureTypes } from './packets.ts'
import { type OpenPgpCertificate, readOpenPgpCertificate } from './read-certificate.ts'
import { verifyOpenPgpSignature } from './verify.ts'
import { hashedPart, signaturePacket, trailerOf } from './write-signature.ts'

const attributes = z.strictObject({
  'output-file-name': outputFileName,
  'output-encoding': z
    .enum(['ascii-armored', 'binary'])
    .default('ascii-armored')
    .meta({ title: 'encoding', description: 'ASCII armor (.asc), or the packet as it is (.sig).' }),
  'hash-algorithm': hashAlgorithm,
  version: z.int().min(4).max(4).default(4).meta({
    title: 'version',
    description: 'Of the signature packet: 4 (RFC 4880), which every OpenPGP program reads.',
  }),
})

/**
 * `create-gpg-signature`: a detached OpenPGP signature of version 4 (RFC 4880, RFC 9580 §10.4), as `gpg --verify` takes it, by a key of an
 * OpenPGP certificate.
 */
export const gpgSignature: DetachedSignature = {
  definition: {
    name: 'create-gpg-signature',
    attributes,
    untraceable: [],
    keyAlgorithms,
    certificateFormat: 'openpgp',
    timestamps: false,
    embeddedCertificates: () => [],
    checkKey: requireLongHash,
  },

  async plan(file, order, options) {
    const { 'hash-algorithm': algorithm } = attributes.parse(order.attributes)
    const digest = await digestOfFile(file, algorithm, options)
    return { ...order, contentDigests: [{ content: 'file', algorithm, digest: digest.toString('hex') }] }
  },

  async make(file, directive, means, output, options) {
    const { 'hash-algorithm': hash, 'output-encoding': encoding } = attributes.parse(directive.attributes)
    const { key, now } = means
    const { fingerprint, createdAt } = await certificateOf(means)
    const statement = {
      type: signatureTypes.binary,
      hash,
      // A signature that is older than its key is none, whoever's clock is wrong.
      createdAt: Math.floor(Math.max(now().getTime(), createdAt.getTime()) / 1000),
      fingerprint: Buffer.from(fingerprint, 'hex'),
    }
    const hashed = hashedPart(statement, key)
    const [digest = Buffer.alloc(0)] = await digestFile(file, [{ algorithm: hash, behind: trailerOf(hashed) }], options)
    const signature = await signaturePacket(key, hashed, { hash, digest })
    const text =
      encoding === 'binary' ? signature : Buffer.from(armored(signature.toString('base64'), 'PGP SIGNATURE'), 'latin1')
    await writeFully(output, 0, text)
  },

  async verify(file, signature, expectation, options) {
    const { encoding, hash, digest } = await verifyOpenPgpSignature(file, signature, expectation, options)
    return {
      directive: gpgSignature.definition.name,
      attributes: {
        'output-file-name': signature.name,
        'output-encoding': encoding,
        'hash-algorithm': hash,
        version: 4,
      },
      contentDigests: [{ content: 'file', algorithm: hash, digest }],
      signerCertificate: expectation.openPgpCertificate ?? new Uint8Array(),
      certificates: [],
      timestamp: undefined,
    }
  },
}

/** GnuPG takes no ECDSA signature of a hash that is shorter than the curve. */
const hashesOfKeys: Readonly<Partial<Record<KeyAlgorithm, readonly string[]>>> = {
  'ec-p384': ['sha384', 'sha512'],
  'ec-p521': ['sha512'],
}

function requireLongHash(given: DirectiveOrder['attributes'], keyAlgorithm: KeyAlgorithm): void {
  const { 'hash-algorithm': hash } = attributes.parse(given)
  const allowed = hashesOfKeys[keyAlgorithm]
  if (allowed === undefined || allowed.includes(hash)) return
  throw new SigningError(
    'OPENPGP_HASH_TOO_SHORT',
    `The policy's key is of the type ${keyAlgorithm}, and GnuPG takes no signature of it with ${hash}, whose digests are shorter: set hash-algorithm to ${allowed.join(' or ')}.`,
  )
}

/** @throws SigningError `CMS_CERTIFICATE_MISSING`, `CMS_KEY_MISMATCH` */
async function certificateOf({ key, openPgpCertificate }: DetachedMeans): Promise<OpenPgpCertificate> {
  if (openPgpCertificate === undefined)
    throw new SigningError('CMS_CERTIFICATE_MISSING', 'An OpenPGP signature needs the OpenPGP certificate of its key.')
  const certificate = await readOpenPgpCertificate(openPgpCertificate)
  if (Buffer.compare(certificate.publicKey, key.publicKey) !== 0)
    throw new SigningError('CMS_KEY_MISMATCH', 'The OpenPGP certificate is for another key than the one that signs.')
  return certificate
}
