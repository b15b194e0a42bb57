import { z } from 'zod'
import { type HashAlgorithm, keyAlgorithms } from '../../domain/index.ts'
import { hashAlgorithm, outputFileName, requireRsaPadding, rsaPadding } from '../detached/attributes.ts'
import { digestOfFile, plannedDigest, readSignature } from '../detached/file-digest.ts'
import type { DetachedSignature } from '../detached-signature.ts'
import { writeFully } from '../output-file.ts'
import { SigningError } from '../signing-error.ts'
import { pemBlocks, toPem } from '../x509/pem.ts'
import { makeDetachedCms } from './make.ts'
import { verifyDetachedCms } from './verify.ts'

const attributes = z.strictObject({
  'output-file-name': outputFileName,
  'output-encoding': z
    .enum(['pem', 'der'])
    .meta({ title: 'encoding', description: 'PEM (RFC 7468, "CMS"), or DER as it is.' }),
  'hash-algorithm': hashAlgorithm,
  'rsa-padding': rsaPadding,
})

/** Chain and time-stamp with its chain included. */
const longestSignature = 1024 * 1024

/**
 * `create-cms-signature`: a CMS SignedData beside the file that it signs (RFC 5652), as `openssl cms -verify -binary -content` takes it. RSA
 * with PKCS #1 v1.5 or PSS (RFC 4055), or ECDSA (RFC 5753); the chain travels along; the time-stamp is that of RFC 3161, appendix A.
 */
export const cmsSignature: DetachedSignature = {
  definition: {
    name: 'create-cms-signature',
    attributes,
    untraceable: [],
    keyAlgorithms,
    timestamps: true,
    embeddedCertificates: (chain) => chain,
    checkKey: requireRsaPadding,
  },

  async plan(file, order, options) {
    const { 'hash-algorithm': algorithm } = attributes.parse(order.attributes)
    const digest = await digestOfFile(file, algorithm, options)
    return { ...order, contentDigests: [{ content: 'file', algorithm, digest: digest.toString('hex') }] }
  },

  async make(_, directive, means, output, options) {
    const asked = attributes.parse(directive.attributes)
    const { 'hash-algorithm': hash, 'rsa-padding': padding } = asked
    const encoded = await makeDetachedCms({ digest: plannedDigest(directive), hash, padding }, means, options)
    await writeFully(output, 0, asked['output-encoding'] === 'pem' ? Buffer.from(toPem(encoded, 'CMS')) : encoded)
  },

  async verify(file, signature, expectation, options) {
    const { encoded, encoding } = decoded(await readSignature(signature, longestSignature))
    const digestOf = (algorithm: HashAlgorithm) => digestOfFile(file, algorithm, options)
    const found = await verifyDetachedCms(encoded, digestOf, expectation)
    const { hash: algorithm, padding, digest, signerCertificate, certificates, timestamp } = found
    return {
      directive: cmsSignature.definition.name,
      attributes: {
        'output-file-name': signature.name,
        'output-encoding': encoding,
        'hash-algorithm': algorithm,
        // Keys that are not RSA sign the same whatever it says.
        'rsa-padding': padding ?? attributes.parse(expectation.directive.attributes)['rsa-padding'],
      },
      contentDigests: [{ content: 'file', algorithm, digest: Buffer.from(digest).toString('hex') }],
      signerCertificate,
      certificates,
      timestamp,
    }
  },
}

/** PEM must be written as it is written here: what stands around a block would be covered by nothing. */
function decoded(bytes: Buffer): { readonly encoded: Uint8Array; readonly encoding: 'pem' | 'der' } {
  if (bytes[0] === 0x30) return { encoded: bytes, encoding: 'der' }
  const text = bytes.toString('latin1')
  const [block] = pemBlocks(text, ['CMS']) ?? []
  if (block === undefined || toPem(block.content, 'CMS') !== text)
    throw new SigningError(
      'DETACHED_MALFORMED',
      'The signature is neither DER nor one PEM block "CMS" and nothing else.',
    )
  return { encoded: block.content, encoding: 'pem' }
}
