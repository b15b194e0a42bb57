import { createHash } from 'node:crypto'
import { createContextCache } from '@pothos/core'
import DataLoader from 'dataloader'
import {
  type ContentDigest,
  canonicalPlan,
  type Instant,
  type PlannedFile,
  Refusal,
  type Sha256Digest,
  type ShownAttribute,
  type SigningDirective,
  type SigningPlan,
} from '../domain/index.ts'
import { decodeCursor, encodeCursor, type Page, type PageRequest, parsePageRequest } from '../projections/index.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import type { GraphQLContext } from './context.ts'
import { ExistingSignatureRef } from './existing-signature.ts'

/** What the log says of a request's plan. */
export type PlanOfRequest = {
  readonly digest: Sha256Digest
  readonly fileCount: number
  readonly approvalDeadline: Instant | null
  readonly plannedAt: Instant | null
}

/** What a list costs that is read with the directive it is of. */
const inPlan = { field: 1, multiplier: 1 }

const DirectiveAttributeRef = builder.objectRef<ShownAttribute>('DirectiveAttribute').implement({
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As in artifact configurations.' }),
    title: t.exposeString('title', { description: 'What people call it.' }),
    value: t.exposeString('value', { nullable: true, description: 'As text. Null when it is not given.' }),
  }),
})

const ContentDigestRef = builder.objectRef<ContentDigest>('ContentDigest').implement({
  description: 'What a signature will name: the digest of a part of the unsigned file, as its format counts it.',
  fields: (t) => ({
    content: t.exposeString('content', { description: 'What was digested, such as `image`.' }),
    algorithm: t.exposeString('algorithm', { description: 'Such as `sha256`.' }),
    digest: t.exposeString('digest', { description: 'Hexadecimal.' }),
  }),
})

const SigningDirectiveRef = builder
  .objectRef<SigningDirective & { readonly format: string }>('SigningDirective')
  .implement({
    description: 'One thing that is done to a file. Directives of every format have this form.',
    fields: (t) => ({
      directive: t.exposeString('directive', { description: 'Its name in artifact configurations.' }),
      attributes: t.field({
        type: [DirectiveAttributeRef],
        description: 'All of them, defaults too.',
        complexity: inPlan,
        resolve: (directive, _, { planWording }) => [...planWording.attributes(directive.format, directive)],
      }),
      contentDigests: t.field({
        type: [ContentDigestRef],
        complexity: inPlan,
        resolve: ({ contentDigests }) => [...contentDigests],
      }),
    }),
  })

const PlannedFileRef = builder.objectRef<PlannedFile>('PlannedFile').implement({
  description: 'A file that will be signed.',
  fields: (t) => ({
    path: t.exposeString('path', {
      description: "Where in the artifact; the artifact's own file name for the artifact itself.",
    }),
    format: t.exposeString('format', { description: 'What its bytes were recognized as, such as `pe`.' }),
    formatTitle: t.string({
      description: 'What people call this format.',
      resolve: ({ format }, _, { planWording }) => planWording.formatTitle(format),
    }),
    sha256: t.exposeString('sha256'),
    size: t.expose('size', { type: 'ByteCount' }),
    existingSignatures: t.field({
      type: [ExistingSignatureRef],
      description: 'The signatures that it has already, in their order, and what becomes of each.',
      resolve: ({ existingSignatures }) => [...existingSignatures],
    }),
    directives: t.field({
      type: [SigningDirectiveRef],
      description: 'In the order in which they are carried out.',
      // Rarely more than one.
      complexity: inPlan,
      resolve: ({ format, directives }) => directives.map((directive) => ({ ...directive, format })),
    }),
  }),
})

/** A request's plan: what approvers agree to by its digest. */
export const SigningPlanRef = builder.objectRef<PlanOfRequest>('SigningPlan').implement({
  description: 'What will be signed and how. An approval names its digest.',
  fields: (t) => ({
    digest: t.exposeString('digest', { description: 'SHA-256 of `document`, hexadecimal.' }),
    fileCount: t.exposeInt('fileCount'),
    plannedAt: t.expose('plannedAt', { type: 'DateTime', nullable: true }),
    approvalDeadline: t.expose('approvalDeadline', {
      type: 'DateTime',
      nullable: true,
      description: 'When a request without quorum will be denied. Null waits without end.',
    }),
    certificateThumbprint: t.string({
      nullable: true,
      description: 'SHA-256 of the signing certificate, hexadecimal.',
      resolve: async ({ digest }, _, context) => (await loadVerified(digest, context)).certificateThumbprint,
    }),
    files: t.connection(
      {
        type: PlannedFileRef,
        nullable: true,
        description: 'In the order of the plan.',
        resolve: async ({ digest }, args, context) => {
          const page = parsePageRequest(args)
          return asConnection(filesPage(await loadVerified(digest, context), digest, page))
        },
      },
      { name: 'PlannedFileConnection' },
    ),
    document: t.string({
      nullable: true,
      description: 'The plan itself: canonical JSON (RFC 8785), so that anyone can check the digest.',
      resolve: async ({ digest }, _, context) => canonicalPlan(await loadVerified(digest, context)),
    }),
  }),
})

// Once an operation, however many fields ask.
const verifiedPlans = createContextCache(
  (context: GraphQLContext) =>
    new DataLoader<Sha256Digest, SigningPlan>((digests) =>
      Promise.all(digests.map((digest) => readVerified(digest, context).catch(asError))),
    ),
)

function loadVerified(digest: Sha256Digest, context: GraphQLContext): Promise<SigningPlan> {
  return verifiedPlans(context).load(digest)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

// Who approves must see what the digest stands for, whatever the store answers: hence the check.
async function readVerified(digest: Sha256Digest, { loadPlan }: GraphQLContext): Promise<SigningPlan> {
  const plan = await loadPlan(digest)
  if (plan === undefined)
    throw new Refusal('PLAN_NOT_FOUND', 'The plan is not in the artifact store any more.', { digest })
  if (createHash('sha256').update(canonicalPlan(plan)).digest('hex') !== digest)
    throw new Refusal('PLAN_DIGEST_MISMATCH', 'The plan in the artifact store does not have the recorded digest.', {
      digest,
    })
  return plan
}

function filesPage({ files }: SigningPlan, digest: Sha256Digest, page: PageRequest): Page<PlannedFile> {
  const start = page.after === undefined ? 0 : indexOf(page.after, digest) + 1
  const end = page.before === undefined ? files.length : Math.min(indexOf(page.before, digest), files.length)
  const from = page.direction === 'forward' ? start : Math.max(start, end - page.size)
  const to = page.direction === 'forward' ? Math.min(end, start + page.size) : end
  return {
    items: files
      .slice(from, to)
      .map((file, index) => ({ cursor: encodeCursor({ key: String(from + index), id: digest }), item: file })),
    hasNextPage: to < files.length,
    hasPreviousPage: from > 0,
  }
}

function indexOf(cursor: string, digest: Sha256Digest): number {
  const { key, id } = decodeCursor(cursor)
  if (id !== digest || !/^\d{1,15}$/.test(key))
    throw new Refusal('CURSOR_MALFORMED', 'The cursor belongs to another list. Start from the first page.')
  return Number(key)
}
