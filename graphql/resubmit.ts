import { askedConfiguration, ParameterInput } from './artifact-configuration.ts'
import { builder } from './builder.ts'
import { parseEntityId, uuidOrSlug } from './global-id.ts'
import { SigningRequestPayloadRef } from './mutations.ts'
import { onceProjected } from './once-projected.ts'

const ResubmitInput = builder.inputType('ResubmitSigningRequestInput', {
  fields: (t) => ({
    originalSigningRequestId: t.id({
      required: true,
      description:
        'UUID or node id of a completed request. Its artifact, its origin and what its submitter chose are taken over.',
    }),
    signingPolicy: t.string({
      required: true,
      description: "Slug (in the original's project), UUID or node id. It decides whether the request is taken.",
    }),
    description: t.string({ description: "What this is, for those who approve. The original's is not taken over." }),
    artifactConfiguration: t.string({
      description: "Another one than the original's: slug (in its project), UUID or node id, in the version in force.",
    }),
    parameters: t.field({ type: [ParameterInput], description: "Other values than the original's." }),
    idempotencyKey: t.string({ description: 'As of `submitSigningRequest`, and from the same keys.' }),
  }),
})

builder.mutationField('resubmitSigningRequest', (t) =>
  t.field({
    type: SigningRequestPayloadRef,
    description:
      'Submits the artifact of a completed request again, to another signing policy of its project, as a request of its own. Each of the two names the other.',
    args: { input: t.arg({ type: ResubmitInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        context.application.resubmitSigningRequest(context.caller, {
          originalSigningRequestId: parseEntityId(input.originalSigningRequestId, 'SigningRequest'),
          signingPolicy: uuidOrSlug(input.signingPolicy, 'SigningPolicy'),
          description: input.description ?? null,
          ...askedConfiguration(input),
          idempotencyKey: input.idempotencyKey ?? null,
        }),
      ),
  }),
)
