import { createHash } from 'node:crypto'
import { z } from 'zod'
import {
  type CertificateId,
  canonicalPlan,
  type EntityId,
  type ExistingSignature,
  type ProjectId,
  parseId,
  parseSha256Digest,
  type Sha256Digest,
  type SigningPlan,
  type SigningPolicyId,
  type SigningRequestId,
} from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactStore } from '../store/index.ts'

/** More than the plan of any artifact needs; a plan is read whole. */
const maximumPlanSize = 256 * 1024 * 1024

const id = <Id extends EntityId>() => z.string().transform((text) => parseId<Id>(text, 'an id of the plan'))
const sha256 = z.string().transform((text) => parseSha256Digest(text, 'a digest of the plan'))

const hexadecimal = z.string().regex(/^(?:[0-9a-f]{2})+$/)
const texts = z.array(z.string())
const integrity = ['intact', 'invalid', 'unchecked'] as const
const placed = {
  outcome: z.enum(['kept', 'replaced']),
  place: z.string(),
  depth: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
}

const existingSignature: z.ZodType<ExistingSignature> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('signature'),
    ...placed,
    signer: z.string().nullable(),
    issuer: z.string().nullable(),
    serialNumber: z.string().nullable(),
    digestAlgorithm: z.string(),
    integrity: z.enum([...integrity, 'fileChanged']),
    timestamp: z
      .strictObject({
        kind: z.enum(['rfc3161', 'countersignature']),
        time: z.iso.datetime(),
        authority: z.string().nullable(),
        integrity: z.enum(integrity),
        uncovered: texts,
      })
      .nullable(),
    uncovered: texts,
  }),
  z.strictObject({ kind: z.literal('unreadable'), ...placed, reason: z.string() }),
])

const planSchema: z.ZodType<SigningPlan> = z.strictObject({
  schemaVersion: z.literal(1),
  signingRequestId: id<SigningRequestId>(),
  projectId: id<ProjectId>(),
  signingPolicyId: id<SigningPolicyId>(),
  signingPolicyVersion: z.int().positive(),
  certificateId: id<CertificateId>(),
  certificateThumbprint: z.string().regex(/^[0-9a-f]{64}$/),
  timestamp: z.enum(['required', 'none']),
  files: z.array(
    z.strictObject({
      path: z.string(),
      format: z.string(),
      sha256,
      size: z.int().nonnegative(),
      existingSignatures: z.array(existingSignature),
      directives: z.array(
        z.strictObject({
          directive: z.string(),
          attributes: z.record(z.string(), z.union([z.string(), z.int(), z.boolean(), z.null()])),
          contentDigests: z.array(z.strictObject({ content: z.string(), algorithm: z.string(), digest: hexadecimal })),
        }),
      ),
    }),
  ),
})

/** The digest that approvers agree to: SHA-256 over the plan's canonical text in UTF-8. */
export function planDigest(plan: SigningPlan): Sha256Digest {
  return createHash('sha256').update(canonicalPlan(plan), 'utf8').digest('hex') as Sha256Digest
}

/**
 * Stores a plan's canonical text; the store's name for it is the plan digest.
 *
 * @throws ArtifactError `ARTIFACT_STORE_FULL`, `ARTIFACT_STORE_UNAVAILABLE`
 */
export async function storePlan(store: Pick<ArtifactStore, 'put'>, plan: SigningPlan): Promise<Sha256Digest> {
  async function* text() {
    yield Buffer.from(canonicalPlan(plan), 'utf8')
  }
  const { sha256 } = await store.put(text(), { expectedSha256: planDigest(plan) })
  return sha256
}

/**
 * Reads a stored plan. It has this digest whatever the disk holds: the text is parsed, checked and digested again.
 *
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`; `PLAN_MALFORMED` when the bytes of this digest are not a plan in canonical
 *   form; `ARTIFACT_CORRUPT` when they are not of this digest; `ARTIFACT_STORE_UNAVAILABLE`
 */
export async function loadPlan(store: Pick<ArtifactStore, 'open'>, digest: Sha256Digest): Promise<SigningPlan> {
  const stored = await store.open(digest)
  if (stored.size > maximumPlanSize) throw malformed(digest)
  const chunks: Uint8Array[] = []
  for await (const chunk of stored.read()) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (createHash('sha256').update(bytes).digest('hex') !== digest)
    throw new ArtifactError('ARTIFACT_CORRUPT', `The signing plan stored as ${digest} was damaged or changed on disk.`)
  const plan = parsePlan(bytes.toString('utf8'), digest)
  if (planDigest(plan) !== digest) throw malformed(digest)
  return plan
}

function parsePlan(text: string, digest: Sha256Digest): SigningPlan {
  try {
    return planSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw malformed(digest, cause)
  }
}

function malformed(digest: Sha256Digest, cause?: unknown): ArtifactError {
  return new ArtifactError(
    'PLAN_MALFORMED',
    `The bytes stored as ${digest} are not a signing plan in canonical form.`,
    {
      cause,
    },
  )
}
