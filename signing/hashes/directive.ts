import { z } from 'zod'
import type { HashesToSign, SigningDirective } from '../../domain/index.ts'
import type { DirectiveDefinition } from '../signature-format.ts'

/** What plans call a document of hashes. */
export const hashDocumentFormat = 'hash-document'

const attributes = z.strictObject({
  signatureAlgorithm: z
    .enum(['RsaPkcs1', 'RsaPss', 'Ecdsa'])
    .meta({ title: 'signature algorithm', description: 'RSASSA-PKCS1-v1_5, RSASSA-PSS or ECDSA.' }),
  hashAlgorithm: z
    .enum(['sha1', 'sha256', 'sha384', 'sha512'])
    .nullable()
    .meta({ title: 'hash algorithm', description: 'As the submitter says it; ECDSA names none.' }),
  signatureFormat: z
    .enum(['ieee', 'asn1'])
    .nullable()
    .meta({ title: 'signature format', description: 'How ECDSA signatures are encoded.' }),
  content: z
    .literal('unseen')
    .meta({ title: 'what was hashed', description: 'Nobody of the service has seen it: it can be anything.' }),
  metadata: z
    .string()
    .nullable()
    .meta({ title: 'metadata', description: 'What the submitter says of it, which nothing verifies.' }),
})

/** The directive of plans by which hashes are signed as they are. */
export const hashSignDirective: DirectiveDefinition = {
  name: 'hash-sign',
  attributes,
  untraceable: [],
  keyAlgorithms: ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256', 'ec-p384', 'ec-p521'],
  timestamps: false,
  embeddedCertificates: () => [],
}

/** What people call the format and its directive. */
export const hashDocumentWording = {
  name: hashDocumentFormat,
  title: 'Hashes of something that the service has not seen',
  directives: [hashSignDirective],
}

/** What a plan says of hashes: each of them, and how it is signed. */
export function plannedHashes(payload: HashesToSign): SigningDirective {
  const { signatureAlgorithm, hashAlgorithm, signatureFormat, hashes, metadata } = payload
  return {
    directive: hashSignDirective.name,
    attributes: { signatureAlgorithm, hashAlgorithm, signatureFormat, content: 'unseen', metadata },
    contentDigests: hashes.map((hash, index) => {
      const bytes = Buffer.from(hash, 'base64')
      return {
        content: hashes.length === 1 ? 'hash' : `hash ${index + 1}`,
        algorithm: hashAlgorithm ?? `${8 * bytes.length} bits`,
        digest: bytes.toString('hex'),
      }
    }),
  }
}
