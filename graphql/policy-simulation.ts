import { simulateSubmission } from '../application/index.ts'
import { parseSha256Digest, Refusal, type RuleOutcome, type SigningSimulation, type UserId } from '../domain/index.ts'
import type { SigningPolicyView } from '../projections/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { parseEntityId } from './global-id.ts'
import { projectIdOf, signingPolicyIdOf } from './lookup.ts'
import { minimumPosition } from './minimum-position.ts'
import { SigningPolicyRef } from './refs.ts'
import { SigningPolicySettingsInput, settingsOf } from './signing-policy-settings.ts'

const RuleOutcomeKindRef = builder.enumType('RuleOutcomeKind', {
  description: 'What a rule says.',
  values: {
    met: { value: 'met' },
    unmet: { value: 'unmet' },
    notAsked: { value: 'notAsked', description: 'The policy demands nothing of the kind.' },
  } as const,
})

const RuleOutcomeRef = builder.objectRef<RuleOutcome>('RuleOutcome').implement({
  description: 'What a rule that a signature depends on says.',
  fields: (t) => ({
    rule: t.exposeString('rule', { description: 'Its name, such as `submitter` or `certificateUsable`.' }),
    input: t.exposeString('input', { description: 'What it looked at.' }),
    outcome: t.expose('outcome', { type: RuleOutcomeKindRef }),
    code: t.exposeString('code', { nullable: true, description: 'With which code it would be refused.' }),
    message: t.exposeString('message', { nullable: true, description: 'Why, or what it takes.' }),
  }),
})

const PolicySimulationRef = builder.objectRef<SigningSimulation>('PolicySimulation').implement({
  description: 'Whether something would be signed, by the state of now.',
  fields: (t) => ({
    wouldBeSigned: t.exposeBoolean('wouldBeSigned', { description: 'Once those who must approve have.' }),
    rules: t.field({
      type: [RuleOutcomeRef],
      description: 'Every rule, in the order in which they are asked.',
      resolve: ({ rules }) => [...rules],
    }),
  }),
})

builder.queryFields((t) => ({
  policySimulation: t.field({
    type: PolicySimulationRef,
    description:
      'Would this be signed? By the version in force, another one, or settings that nobody has proposed yet.',
    complexity: { field: 20, multiplier: 1 },
    args: {
      project: t.arg.string({ required: true, description: 'Slug, UUID or node id.' }),
      signingPolicy: t.arg.string({ required: true, description: 'Slug (in the project), UUID or node id.' }),
      user: t.arg.id({ description: 'Who would submit: UUID or node id; you, when absent.' }),
      branch: t.arg.string({ description: 'Which branch it would be built from.' }),
      sourceLevel: t.arg.int({
        description: "Of which level of SLSA's source track a verification summary would come, 1 to 4.",
      }),
      artifactSha256: t.arg.string({ description: 'Of the artifact, hexadecimal.' }),
      atVersion: t.arg.int({ description: 'By this version of the policy instead of the one in force.' }),
      proposed: t.arg({ type: SigningPolicySettingsInput, description: 'By these settings instead.' }),
      minimumPosition: minimumPosition(t),
    },
    resolve: async (_root, args, context) => {
      const policy = await policyOf(args, context)
      return simulateSubmission(context.readModel, {
        policy,
        userId: args.user == null ? context.caller.userId : parseEntityId<UserId>(args.user, 'User'),
        branch: args.branch ?? null,
        sourceLevel: args.sourceLevel ?? null,
        artifact: args.artifactSha256 == null ? null : parseSha256Digest(args.artifactSha256, 'The artifact digest'),
        atVersion: args.atVersion ?? null,
        proposed: args.proposed == null ? null : settingsOf(args.proposed),
      })
    },
  }),
}))

async function policyOf(
  names: { readonly project: string; readonly signingPolicy: string },
  context: GraphQLContext,
): Promise<SigningPolicyView> {
  const projectId = await projectIdOf(names.project, context)
  if (projectId === undefined) throw new Refusal('PROJECT_NOT_FOUND', 'There is no such project.')
  const id = await signingPolicyIdOf(names.signingPolicy, projectId, context)
  const policy: SigningPolicyView | null =
    id === undefined ? null : await SigningPolicyRef.getDataloader(context).load(id)
  if (policy === null || policy.projectId !== projectId)
    throw new Refusal('SIGNING_POLICY_NOT_FOUND', 'The project has no such signing policy.')
  return policy
}
