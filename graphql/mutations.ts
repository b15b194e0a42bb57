import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { SigningRequestChanged } from '../application/index.ts'
import { askedConfiguration, ParameterInput } from './artifact-configuration.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { ExistingSignatureTreatmentRef } from './enums.ts'
import { parseEntityId, uuidOrSlug } from './global-id.ts'
import { reached } from './minimum-position.ts'
import { onceProjected } from './once-projected.ts'
import { SigningRequestRef } from './refs.ts'
import { SubmittedBuildInput, SubmittedOriginInput, submittedBuild } from './submitted-build.ts'
import { AnnouncedUploadInput, BuildArtifactInput, LinkInput, submittedSource } from './submitted-source.ts'

/** What a change of a signing request answers. */
export const SigningRequestPayloadRef = builder.objectRef<SigningRequestChanged>('SigningRequestPayload').implement({
  description: 'A signing request after a change that is in the log for good.',
  fields: (t) => ({
    signingRequestId: t.exposeID('signingRequestId', { description: 'UUID.' }),
    position: t.expose('position', {
      type: 'LogPosition',
      description: 'Where the change is in the log. Pass it as `minimumPosition` to queries that must see it.',
    }),
    signingRequest: t.field({
      type: SigningRequestRef,
      nullable: true,
      description:
        'The request with the change in it. Null, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time: the change happened all the same.',
      resolve: async ({ signingRequestId, position }, _args, context) => {
        await reached(position, context)
        // An earlier mutation of this operation may have loaded what this one changed.
        clearAllDataLoaders(context)
        return signingRequestId
      },
    }),
  }),
})

const SubmitInput = builder.inputType('SubmitSigningRequestInput', {
  fields: (t) => ({
    project: t.string({ required: true, description: 'Slug, UUID or node id.' }),
    signingPolicy: t.string({ required: true, description: 'Slug (in the project), UUID or node id.' }),
    uploadId: t.string({
      description: 'What `POST /uploads` answered. Say one of `uploadId`, `link`, `announcedUpload`, `buildArtifact`.',
    }),
    link: t.field({ type: LinkInput, description: 'Where the service is to fetch the artifact.' }),
    announcedUpload: t.field({
      type: AnnouncedUploadInput,
      description: 'An artifact that is uploaded later, to the link that `uploadLink` of the request says.',
    }),
    buildArtifact: t.field({
      type: BuildArtifactInput,
      description: 'An artifact that the service fetches from the build system, as `build` names it.',
    }),
    cancelAfterSeconds: t.int({
      description: 'The service cancels the request when it is not final after so many seconds. Never when absent.',
    }),
    description: t.string(),
    version: t.string({ description: 'Which version of the product it is. Grants can ask for it.' }),
    existingSignatures: t.field({
      type: ExistingSignatureTreatmentRef,
      description:
        'What is done with a file that is signed already. One that the policy does not allow is refused; the first that it allows when absent.',
    }),
    artifactConfiguration: t.string({
      description:
        "Slug (in the project), UUID or node id of what says what is signed inside of the artifact. The project's default when absent.",
    }),
    parameters: t.field({ type: [ParameterInput], description: "Values of the artifact configuration's parameters." }),
    origin: t.field({ type: SubmittedOriginInput }),
    build: t.field({ type: SubmittedBuildInput }),
    idempotencyKey: t.string({
      description:
        'Your own name for this submission: 1 to 128 printable ASCII characters, a new one for each, such as a UUID. Submit again by the same name when the answer was lost: the same content answers the first request, other content is `IDEMPOTENCY_KEY_REUSED`.',
    }),
  }),
})

/** An approval of one request. */
export const ApproveInput = builder.inputType('ApproveSigningRequestInput', {
  fields: (t) => ({
    signingRequestId: t.id({ required: true, description: 'UUID or node id.' }),
    planDigest: t.string({
      required: true,
      description: 'The digest of the plan that you looked at. Another one than the request has is refused.',
    }),
    comment: t.string(),
  }),
})

const DenyInput = builder.inputType('DenySigningRequestInput', {
  fields: (t) => ({
    signingRequestId: t.id({ required: true, description: 'UUID or node id.' }),
    comment: t.string(),
  }),
})

const CancelInput = builder.inputType('CancelSigningRequestInput', {
  fields: (t) => ({
    signingRequestId: t.id({ required: true, description: 'UUID or node id.' }),
    reason: t.string(),
  }),
})

/** An artifact of a build is its own use case: the build system is asked about it before anything is recorded. */
async function submitted(input: typeof SubmitInput.$inferInput, { application, caller }: GraphQLContext) {
  const said = submittedSource(input)
  const { origin, build } = submittedBuild(input)
  const choices = {
    project: uuidOrSlug(input.project, 'Project'),
    signingPolicy: uuidOrSlug(input.signingPolicy, 'SigningPolicy'),
    cancelAfterSeconds: input.cancelAfterSeconds ?? null,
    description: input.description ?? null,
    version: input.version ?? null,
    existingSignatures: input.existingSignatures ?? null,
    ...askedConfiguration(input),
    origin,
    idempotencyKey: input.idempotencyKey ?? null,
  }
  if ('source' in said) return application.submitSigningRequest(caller, { ...choices, source: said.source, build })
  return application.submitBuildArtifact(caller, { choices, build: build ?? noBuild, ...said.ofBuild })
}

const noBuild = { fields: {}, secrets: {} }

builder.mutationFields((t) => ({
  submitSigningRequest: t.field({
    type: SigningRequestPayloadRef,
    description: 'Submits an artifact: uploaded before, fetched from a link or a build system, or uploaded later.',
    args: { input: t.arg({ type: SubmitInput, required: true }) },
    resolve: (_root, { input }, context) => onceProjected(context, submitted(input, context)),
  }),
  approveSigningRequest: t.field({
    type: SigningRequestPayloadRef,
    description: 'Agrees to the plan of a request.',
    args: { input: t.arg({ type: ApproveInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        context.application.approveSigningRequest(context.caller, {
          signingRequestId: parseEntityId(input.signingRequestId, 'SigningRequest'),
          planDigest: input.planDigest,
          comment: input.comment ?? null,
        }),
      ),
  }),
  denySigningRequest: t.field({
    type: SigningRequestPayloadRef,
    description: 'Says no to a request, which ends it.',
    args: { input: t.arg({ type: DenyInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        context.application.denySigningRequest(context.caller, {
          signingRequestId: parseEntityId(input.signingRequestId, 'SigningRequest'),
          comment: input.comment ?? null,
        }),
      ),
  }),
  cancelSigningRequest: t.field({
    type: SigningRequestPayloadRef,
    description: 'Calls a request off. Its submitter may, and administrators of projects.',
    args: { input: t.arg({ type: CancelInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        context.application.cancelSigningRequest(context.caller, {
          signingRequestId: parseEntityId(input.signingRequestId, 'SigningRequest'),
          reason: input.reason ?? null,
        }),
      ),
  }),
}))
