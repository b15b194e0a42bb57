import { z } from 'zod'
import { type DirectiveOrder, hashAlgorithms, keyAlgorithms, type Submission } from '../../domain/index.ts'
import type { DirectiveDefinition, FoundDirective } from '../signature-format.ts'
import { assertDescribable, type ProgramDescription } from './spc.ts'
import type { VerifiedSignature } from './verify-signature.ts'

const attributes = z.strictObject({
  'hash-algorithm': z.enum(hashAlgorithms).default('sha256').meta({ title: 'digest algorithm' }),
  append: z
    .boolean()
    .default(false)
    .meta({ title: 'append', description: 'Whether signatures that the file has already are kept.' }),
  description: z
    .string()
    .nullable()
    .default(null)
    .meta({ title: 'description', description: 'Name of the program, which Windows shows before it runs it.' }),
  'description-url': z
    .string()
    .nullable()
    .default(null)
    .meta({ title: 'URL', description: 'Where people find more about the program.' }),
})

/** The directive of every format that Authenticode signs; a format may say otherwise which certificates travel along. */
export const authenticodeSign: DirectiveDefinition = {
  name: 'authenticode-sign',
  attributes,
  // Kept signatures are in the file; that they were to be kept is not.
  untraceable: ['append'],
  keyAlgorithms,
  timestamps: true,
  embeddedCertificates: (chain) => chain,
}

const peAttributes = attributes.extend({
  // Without a default: plans that were made before there was such an option are made again without it.
  'page-hashes': z.boolean().optional().meta({
    title: 'page hashes',
    description: 'Whether the signature holds a digest of each page, by which Windows checks pages as it loads them.',
  }),
})

/** The same for programs, which can have their pages digested. */
export const authenticodeSignProgram: DirectiveDefinition = { ...authenticodeSign, attributes: peAttributes }

/** What an order of {@link authenticodeSign} or {@link authenticodeSignProgram} asks for. */
export function wantedBy(order: DirectiveOrder) {
  const { append, description, ...given } = peAttributes.parse(order.attributes)
  const program = described(description, given['description-url'])
  return { hashAlgorithm: given['hash-algorithm'], append, program, pageHashes: given['page-hashes'] === true }
}

/**
 * What is asked for a file that nothing else says anything about.
 *
 * @throws SigningError `AUTHENTICODE_DESCRIPTION_INVALID`, `AUTHENTICODE_DESCRIPTION_URL_INVALID`: what a signature cannot carry is
 * found now, and not after people have approved it
 */
export function defaultOrders({
  existingSignatures,
  program: { description, descriptionUrl },
}: Pick<Submission, 'existingSignatures' | 'program'>): readonly DirectiveOrder[] {
  assertDescribable(described(description, descriptionUrl))
  const append = existingSignatures === 'append'
  return [{ directive: authenticodeSign.name, attributes: { append, description, 'description-url': descriptionUrl } }]
}

function described(description: string | null, descriptionUrl: string | null): ProgramDescription {
  return { ...(description !== null && { description }), ...(descriptionUrl !== null && { descriptionUrl }) }
}

/**
 * A verified signature as the carrying out of {@link authenticodeSign}.
 *
 * @param content what the format calls that which was digested
 */
export function foundDirective(signature: VerifiedSignature, content: string): FoundDirective {
  const { signerCertificate, certificates, digestAlgorithm, contentDigest, timestamp } = signature
  return {
    directive: authenticodeSign.name,
    attributes: {
      'hash-algorithm': digestAlgorithm,
      description: signature.description ?? null,
      'description-url': signature.descriptionUrl ?? null,
    },
    contentDigests: [{ content, algorithm: digestAlgorithm, digest: Buffer.from(contentDigest).toString('hex') }],
    signerCertificate,
    certificates,
    timestamp,
  }
}
