import { Refusal, type SigningRequestId } from '../domain/index.ts'
import { askedConfiguration, ParameterInput } from './artifact-configuration.ts'
import { builder } from './builder.ts'
import { ExistingSignatureTreatmentRef } from './enums.ts'
import { uuidOrSlug } from './global-id.ts'
import { minimumPosition } from './minimum-position.ts'
import { SubmittedBuildInput, SubmittedOriginInput, submittedBuild } from './submitted-build.ts'

/** A refusal as a value: an error that a resolver gives is an error of the operation. */
type Reason = Pick<Refusal, 'code' | 'message' | 'details'>

/** What is answered: a refusal, or that there is none. */
type Verdict = { readonly refusal: Reason | null; readonly signingRequestId: SigningRequestId | null }

const SubmissionRefusalRef = builder.objectRef<Reason>('SubmissionRefusal').implement({
  description: 'Why a submission would be refused.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable: the code that the submission would be refused with.' }),
    message: t.exposeString('message'),
    details: t.expose('details', { type: 'JSON', description: 'Facts that a program can use.' }),
  }),
})

const SubmissionCheckRef = builder.objectRef<Verdict>('SubmissionCheck').implement({
  description: 'Whether a submission would be taken, as far as that can be known without its bytes.',
  fields: (t) => ({
    accepted: t.boolean({ resolve: ({ refusal }) => refusal === null }),
    refusal: t.field({ type: SubmissionRefusalRef, nullable: true, resolve: ({ refusal }) => refusal }),
    signingRequestId: t.exposeID('signingRequestId', {
      nullable: true,
      description: 'UUID of the request that the idempotency key stands for already; null when there is none.',
    }),
  }),
})

const CanSubmitInput = builder.inputType('CanSubmitInput', {
  fields: (t) => ({
    project: t.string({ required: true, description: 'Slug, UUID or node id.' }),
    signingPolicy: t.string({ required: true, description: 'Slug (in the project), UUID or node id.' }),
    fileName: t.string({ required: true, description: 'Of the artifact, without directories.' }),
    size: t.field({ type: 'ByteCount', required: true, description: 'Of the artifact.' }),
    firstBytes: t.string({
      description:
        "The artifact's first bytes in base64, up to 64 KiB: faults of its format that they show are found. 4 KiB are enough for nearly every file.",
    }),
    description: t.string(),
    version: t.string(),
    existingSignatures: t.field({ type: ExistingSignatureTreatmentRef }),
    artifactConfiguration: t.string({ description: 'Slug (in the project), UUID or node id.' }),
    parameters: t.field({ type: [ParameterInput] }),
    origin: t.field({ type: SubmittedOriginInput }),
    build: t.field({ type: SubmittedBuildInput }),
    idempotencyKey: t.string(),
  }),
})

builder.queryField('canSubmit', (t) =>
  t.field({
    type: SubmissionCheckRef,
    description:
      'Whether `submitSigningRequest` would take an artifact: everything that can be refused without its bytes, before they are uploaded.',
    args: { input: t.arg({ type: CanSubmitInput, required: true }), minimumPosition: minimumPosition(t) },
    async resolve(_root, { input }, { application, caller }): Promise<Verdict> {
      try {
        const { signingRequestId } = await application.canSubmit(caller, {
          project: uuidOrSlug(input.project, 'Project'),
          signingPolicy: uuidOrSlug(input.signingPolicy, 'SigningPolicy'),
          fileName: input.fileName,
          size: input.size,
          firstBytes: input.firstBytes == null ? null : bytesOf(input.firstBytes),
          description: input.description ?? null,
          version: input.version ?? null,
          existingSignatures: input.existingSignatures ?? null,
          ...askedConfiguration(input),
          ...submittedBuild(input),
          idempotencyKey: input.idempotencyKey ?? null,
        })
        return { refusal: null, signingRequestId }
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        const { code, message, details } = error
        return { refusal: { code, message, details }, signingRequestId: null }
      }
    },
  }),
)

function bytesOf(base64: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64))
    throw new Refusal('FIRST_BYTES_MALFORMED', 'The first bytes must be base64 (RFC 4648 §4) with padding.')
  return Buffer.from(base64, 'base64')
}
