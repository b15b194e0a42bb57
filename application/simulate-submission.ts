import {
  type Certificate,
  groupsNamed,
  peopleOf,
  Refusal,
  type SigningPolicy,
  type SigningPolicySettings,
  type SigningSimulation,
  simulateSigning,
  type UserId,
} from '../domain/index.ts'
import { groupsOf, inBatches, type KnownCertificate, type LookUps, membersOfGroups } from './look-ups.ts'

/** A policy with the versions of its settings. */
export type KnownPolicy = Omit<SigningPolicy, 'versions'> & {
  readonly versions: readonly { readonly version: number; readonly settings: SigningPolicySettings }[]
}

/** What would be submitted, and by which settings it would be signed. */
export type SimulatedSubmission = {
  readonly policy: KnownPolicy
  /** Who would submit. */
  readonly userId: UserId
  readonly branch: string | null
  /** Of which level a verification summary of the source would come. */
  readonly sourceLevel: number | null
  /** SHA-256, hexadecimal. */
  readonly artifact: string | null
  /** By this version instead of the one in force. */
  readonly atVersion: number | null
  /** By these settings instead. */
  readonly proposed: SigningPolicySettings | null
}

/**
 * Says whether something would be signed by the state of now, by every rule that submitting and signing ask.
 *
 * @throws Refusal `ARGUMENTS_AMBIGUOUS`, `SIGNING_POLICY_NOT_FOUND` when it has no such version
 */
export async function simulateSubmission(
  lookUps: LookUps,
  { policy, userId, branch, sourceLevel, artifact, ...asked }: SimulatedSubmission,
): Promise<SigningSimulation> {
  const { organizationId, projectId } = policy
  const settings = settingsAsked(policy, asked)
  const approvers = settings.approval?.approvers ?? []
  const [[project], [certificate], members, [linked]] = await Promise.all([
    lookUps.projectsByIds(organizationId, [projectId]),
    lookUps.certificatesByIds(organizationId, [settings.certificateId]),
    membersOfGroups(lookUps, organizationId, groupsNamed([...settings.submitters, ...approvers])),
    lookUps.trustedBuildSystemsOfProjects(organizationId, [projectId], 'linked'),
  ])
  const [key] = certificate === undefined ? [] : await lookUps.keysByIds(organizationId, [certificate.keyId])
  const people = peopleOf(approvers, (group) => members.get(group) ?? [])
  const users = await inBatches([userId, ...people], (ids) => lookUps.usersByIds(organizationId, ids))
  const user = users.find((each) => each.userId === userId)
  const none = { status: 'none' } as const
  return simulateSigning({
    at: new Date().toISOString(),
    project: project ?? none,
    policy: { ...policy, versions: [settings] },
    settings,
    certificate: certificate === undefined ? none : asState(certificate),
    key: key ?? none,
    user: user === undefined ? none : { ...user, tokens: [], invitations: [], addressProved: false },
    groups: groupsOf(userId, members),
    trustedBuildSystems: linked?.flatMap(({ slug, status }) => (status === 'enabled' ? [slug] : [])) ?? [],
    approvers: users.flatMap((each) => (each.status === 'active' && people.includes(each.userId) ? [each.userId] : [])),
    responsible: Object.fromEntries(
      users.flatMap((each) => (each.responsible === undefined ? [] : [[each.userId, each.responsible]])),
    ),
    branch,
    sourceLevel,
    artifact,
  })
}

function settingsAsked(
  { versions }: KnownPolicy,
  { atVersion, proposed }: Pick<SimulatedSubmission, 'atVersion' | 'proposed'>,
): SigningPolicySettings {
  if (atVersion !== null && proposed !== null)
    throw new Refusal('ARGUMENTS_AMBIGUOUS', 'Name a version or proposed settings, one of them.')
  if (proposed !== null) return proposed
  const version = atVersion === null ? versions.at(-1) : versions.find((each) => each.version === atVersion)
  if (version === undefined)
    throw new Refusal(
      'SIGNING_POLICY_NOT_FOUND',
      `The signing policy has no version ${atVersion}; its versions are 1 to ${versions.length}.`,
    )
  return version.settings
}

/** A certificate as its events made it: that it has ended, the rules say by its dates. */
function asState({ status, ...certificate }: KnownCertificate): Certificate {
  return { ...certificate, status: status === 'expired' ? 'active' : status }
}
