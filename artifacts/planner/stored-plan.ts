import { z } from 'zod'
import {
  type ArtifactConfigurationId,
  type CertificateId,
  type DocumentReference,
  type EntityId,
  type ExistingSignature,
  mostNamesOfPath,
  type PagedDocument,
  type PlanNode,
  type ProjectId,
  parseId,
  parseSha256Digest,
  type RecordedDocument,
  type SigningPlan,
  type SigningPolicyId,
  type SigningRequestId,
} from '../../domain/index.ts'
import {
  type DocumentForm,
  type DocumentPage,
  openDocument,
  pagesSchema,
  type RecentHeads,
} from '../documents/index.ts'
import type { ArtifactStore } from '../store/index.ts'

/** The head of a plan's document. */
export type PlanHead = SigningPlan & { readonly pages: readonly DocumentPage[] }

/** A stored plan, open for reading in parts. */
export type OpenPlan = PagedDocument<PlanHead, PlanNode>

const id = <Id extends EntityId>() => z.string().transform((text) => parseId<Id>(text, 'an id of the plan'))
const sha256 = z.string().transform((text) => parseSha256Digest(text, 'a digest of the plan'))

const hexadecimal = z.string().regex(/^(?:[0-9a-f]{2})+$/)
const texts = z.array(z.string())
const someTexts = z.array(z.string()).min(1)
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

const directives = z.array(
  z.strictObject({
    directive: z.string(),
    attributes: z.record(z.string(), z.union([z.string(), z.int(), z.boolean(), z.null()])),
    contentDigests: z.array(z.strictObject({ content: z.string(), algorithm: z.string(), digest: hexadecimal })),
  }),
)

const node = {
  path: z.array(z.string().min(1)).min(1).max(mostNamesOfPath),
  parent: z.int().nonnegative().nullable(),
  descendants: z.int().nonnegative(),
  outcome: z.enum(['signed', 'rebuilt', 'unchanged']),
  element: z
    .strictObject({
      name: z.string(),
      path: z.string().nullable(),
      line: z.int().positive(),
      column: z.int().positive(),
    })
    .nullable(),
  metadata: z.record(z.string(), z.string()).exactOptional(),
  warnings: someTexts.exactOptional(),
  outputs: someTexts.exactOptional(),
}
const file = {
  sha256,
  size: z.int().nonnegative(),
  format: z.string().nullable(),
  existingSignatures: z.array(existingSignature),
  directives,
}

const head = {
  kind: z.literal('signingPlan'),
  plannerVersion: z.int().positive(),
  signingRequestId: id<SigningRequestId>(),
  projectId: id<ProjectId>(),
  signingPolicyId: id<SigningPolicyId>(),
  signingPolicyVersion: z.int().positive(),
  certificateId: id<CertificateId>(),
  certificateThumbprint: z.string().regex(/^[0-9a-f]{64}$/),
  timestamp: z.enum(['required', 'none']),
  pages: pagesSchema,
}
const artifactConfiguration = z.strictObject({
  artifactConfigurationId: id<ArtifactConfigurationId>(),
  version: z.int().positive(),
  documentDigest: sha256,
  parameters: z.record(z.string(), z.string()),
})

const form: DocumentForm<PlanHead, PlanNode> = {
  name: 'signing plan',
  malformedCode: 'PLAN_MALFORMED',
  head: z.discriminatedUnion('schemaVersion', [
    z.strictObject({ schemaVersion: z.literal(1), ...head }),
    z.strictObject({ schemaVersion: z.literal(2), artifactConfiguration, ...head }),
  ]),
  entry: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('file'), ...node, ...file }),
    z.strictObject({ kind: z.literal('container'), container: z.string().min(1), ...node, ...file }),
    z.strictObject({ kind: z.literal('directory'), ...node, directives }),
  ]),
  isSigned: ({ outcome }) => outcome === 'signed',
  fits: ({ index, entry: { parent, path, descendants } }, entryCount) =>
    index + descendants < entryCount &&
    (index === 0 ? parent === null && path.length === 1 : parent !== null && parent < index && path.length > 1),
}

/**
 * Opens a stored plan: reads its head, and nothing else.
 *
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`; `PLAN_MALFORMED` when the bytes of this digest are not a plan in canonical
 *   form; `ARTIFACT_CORRUPT` when they are not of this digest; `ARTIFACT_STORE_UNAVAILABLE`; reading parts of it the same
 */
export function openPlan(
  store: Pick<ArtifactStore, 'open'>,
  reference: DocumentReference | RecordedDocument,
  heads?: RecentHeads,
): Promise<OpenPlan> {
  return openDocument(store, reference, form, heads)
}
