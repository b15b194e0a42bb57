import { z } from 'zod'
import { hashAlgorithms, keyAlgorithms } from '../../domain/index.ts'
import { readCertificateFields } from '../cms/index.ts'
import { outputFileName, requireRsaPadding, rsaPadding } from '../detached/attributes.ts'
import { digestOfFile, plannedDigest, readSignature } from '../detached/file-digest.ts'
import { signDigest } from '../detached/sign-digest.ts'
import { digestSignatureHolds } from '../detached/verify-digest.ts'
import type { DetachedSignature } from '../detached-signature.ts'
import { writeFully } from '../output-file.ts'
import { SigningError } from '../signing-error.ts'
import { requireNoDisguise } from './raw-content.ts'

const attributes = z.strictObject({
  'output-file-name': outputFileName,
  'hash-algorithm': z.enum(hashAlgorithms).meta({
    title: 'digest algorithm',
    description: 'What the file is hashed by. Whoever verifies must know it: the signature does not say.',
  }),
  'rsa-padding': rsaPadding,
})

/** As long as the longest modulus; ECDSA signatures are shorter. */
const longestSignature = 512

/**
 * `create-raw-signature`: the signature of a file and nothing else, as `openssl dgst -verify` takes it. RSASSA-PKCS1-v1_5 or RSASSA-PSS
 * with a salt as long as the hash (RFC 8017), or ECDSA as DER (RFC 3279 §2.2.3).
 */
export const rawSignature: DetachedSignature = {
  definition: {
    name: 'create-raw-signature',
    attributes,
    untraceable: [],
    keyAlgorithms,
    timestamps: false,
    signsRaw: true,
    embeddedCertificates: () => [],
    checkKey: requireRsaPadding,
  },

  async plan(file, order, options) {
    const { 'hash-algorithm': algorithm } = attributes.parse(order.attributes)
    await requireNoDisguise(file)
    const digest = await digestOfFile(file, algorithm, options)
    return { ...order, contentDigests: [{ content: 'file', algorithm, digest: digest.toString('hex') }] }
  },

  async make(_, directive, { key }, output) {
    const { 'hash-algorithm': hash, 'rsa-padding': padding } = attributes.parse(directive.attributes)
    await writeFully(output, 0, await signDigest(key, { digest: plannedDigest(directive), hash, padding }))
  },

  async verify(file, signature, { directive, certificateChain: [leaf = new Uint8Array()] }, options) {
    const asked = attributes.parse(directive.attributes)
    const { 'hash-algorithm': hash, 'rsa-padding': padding } = asked
    const digest = await digestOfFile(file, hash, options)
    const bytes = await readSignature(signature, longestSignature)
    const { publicKey } = readCertificateFields(leaf, 'DETACHED_MALFORMED')
    if (!(await digestSignatureHolds(publicKey, { digest, hash, padding, ecdsa: 'asn1', signature: bytes })))
      throw new SigningError('DETACHED_SIGNATURE_INVALID', 'The raw signature does not verify with the signing key.')
    return {
      directive: rawSignature.definition.name,
      // A raw signature says nothing of itself: it holds for these attributes, and would for no others.
      attributes: { ...asked, 'output-file-name': signature.name },
      contentDigests: [{ content: 'file', algorithm: hash, digest: digest.toString('hex') }],
      signerCertificate: leaf,
      certificates: [],
      timestamp: undefined,
    }
  },
}
