import { peopleOf, simulateSigning } from '../application/index.ts'
import {
  type Certificate,
  groupsNamed,
  parseSha256Digest,
  Refusal,
  type RuleOutcome,
  type SigningPolicySettings,
  type SigningSimulation,
  type UserId,
} from '../domain/index.ts'
import type { CertificateView, SigningPolicyView } from '../projections/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { parseEntityId } from './global-id.ts'
import { groupsOf, membersOfGroups } from './group-members.ts'
import { projectIdOf, signingPolicyIdOf } from './lookup.ts'
import { minimumPosition } from './minimum-position.ts'
import { CertificateRef, KeyRef, ProjectRef, SigningPolicyRef, UserRef } from './refs.ts'
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
      artifactSha256: t.arg.string({ description: 'Of the artifact, hexadecimal.' }),
      atVersion: t.arg.int({ description: 'By this version of the policy instead of the one in force.' }),
      proposed: t.arg({ type: SigningPolicySettingsInput, description: 'By these settings instead.' }),
      minimumPosition: minimumPosition(t),
    },
    resolve: async (_root, args, context) => {
      const policy = await policyOf(args, context)
      return simulate(
        {
          policy,
          settings: settingsAsked(policy, args),
          userId: args.user == null ? context.caller.userId : parseEntityId<UserId>(args.user, 'User'),
          branch: args.branch ?? null,
          artifact: args.artifactSha256 == null ? null : parseSha256Digest(args.artifactSha256, 'The artifact digest'),
        },
        context,
      )
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

/** By which settings it would be signed. */
type VersionAsked = {
  readonly atVersion?: number | null | undefined
  readonly proposed?: typeof SigningPolicySettingsInput.$inferInput | null | undefined
}

function settingsAsked({ versions }: SigningPolicyView, { atVersion, proposed }: VersionAsked): SigningPolicySettings {
  if (atVersion != null && proposed != null)
    throw new Refusal('ARGUMENTS_AMBIGUOUS', 'Name a version or proposed settings, one of them.')
  if (proposed != null) return settingsOf(proposed)
  const version = atVersion == null ? versions.at(-1) : versions.find((each) => each.version === atVersion)
  if (version === undefined)
    throw new Refusal(
      'SIGNING_POLICY_NOT_FOUND',
      `The signing policy has no version ${atVersion}; its versions are 1 to ${versions.length}.`,
    )
  return version.settings
}

type Asked = {
  readonly policy: SigningPolicyView
  readonly settings: SigningPolicySettings
  readonly userId: UserId
  readonly branch: string | null
  readonly artifact: string | null
}

async function simulate({ policy, settings, userId, branch, artifact }: Asked, context: GraphQLContext) {
  const { submitters, approval } = settings
  const { organizationId } = context.caller
  const [project, certificate, user, members, [linked]] = await Promise.all([
    ProjectRef.getDataloader(context).load(policy.projectId),
    CertificateRef.getDataloader(context).load(settings.certificateId),
    UserRef.getDataloader(context).load(userId),
    membersOfGroups(groupsNamed([...submitters, ...(approval?.approvers ?? [])]), context),
    context.readModel.trustedBuildSystemsOfProjects(organizationId, [policy.projectId], 'linked'),
  ])
  const key = certificate === null ? null : await KeyRef.getDataloader(context).load(certificate.keyId)
  const people = peopleOf(approval?.approvers ?? [], (group) => members.get(group) ?? [])
  const users = await Promise.all(people.map((id) => UserRef.getDataloader(context).load(id)))
  const none = { status: 'none' } as const
  return simulateSigning({
    at: new Date().toISOString(),
    project: project ?? none,
    policy: { ...policy, versions: [settings] },
    settings,
    certificate: certificate === null ? none : asState(certificate),
    key: key ?? none,
    user: user === null ? none : { ...user, tokens: [], invitations: [], addressProved: false },
    groups: groupsOf(userId, members),
    trustedBuildSystems: linked?.flatMap(({ slug, status }) => (status === 'enabled' ? [slug] : [])) ?? [],
    approvers: users.flatMap((each) => (each?.status === 'active' ? [each.userId] : [])),
    responsible: Object.fromEntries(
      users.flatMap((each) => (each?.responsible === undefined ? [] : [[each.userId, each.responsible]])),
    ),
    branch,
    artifact,
  })
}

/** A certificate as its events made it: that it has ended, the rules say by its dates. */
function asState({ status, ...certificate }: CertificateView): Certificate {
  return { ...certificate, status: status === 'expired' ? 'active' : status }
}
