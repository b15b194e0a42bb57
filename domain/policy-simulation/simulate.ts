import { type CertificateState, requireRestrictionsMet, usableCertificate } from '../certificate/index.ts'
import type { Instant } from '../event.ts'
import type { UserId } from '../ids.ts'
import { type KeyState, usableKey } from '../key/index.ts'
import { type PrincipalReference, type ReferencedUser, referencesTo } from '../principal-reference.ts'
import { activeProject, type ProjectState } from '../project/index.ts'
import { Refusal } from '../refusal.ts'
import {
  activeSigningPolicy,
  approvingPeople,
  checkedSettings,
  type PolicyPeople,
  requireAllowedBranch,
  type SigningPolicySettings,
  type SigningPolicyState,
} from '../signing-policy/index.ts'
import { requireActiveUser, type UserState } from '../user/index.ts'

/** What is asked: whether something would be signed, with all that the answer depends on. */
export type SigningQuestion = {
  readonly at: Instant
  readonly project: ProjectState
  readonly policy: SigningPolicyState
  /** What is held against the rest: a version of the policy, or what somebody wants it to be. */
  readonly settings: SigningPolicySettings
  readonly certificate: CertificateState
  readonly key: KeyState
  readonly user: UserState
  /** Those of the groups that the settings name whose member the user is. */
  readonly groups: ReferencedUser['groups']
  /** The active people whom the settings name as approvers, themselves or through groups, each once. */
  readonly approvers: readonly UserId[]
  /** Who is responsible for those of them who are CI users. */
  readonly responsible?: PolicyPeople['responsible']
  /** The slugs of the trusted build systems that are linked to the project and enabled. */
  readonly trustedBuildSystems: readonly string[]
  /** Which branch it would be built from; `null` when that is not said. */
  readonly branch: string | null
  /** Of which level of SLSA's source track a verification summary would come with it; `null` when that is not said. */
  readonly sourceLevel: number | null
  /** SHA-256 of the artifact; `null` when that is not said. */
  readonly artifact: string | null
}

/** A rule that a signature depends on. */
export type SigningRule =
  | 'projectInUse'
  | 'policyInUse'
  | 'settingsAllowed'
  | 'userActive'
  | 'submitter'
  | 'trustedBuildSystem'
  | 'certificateUsable'
  | 'certificateRestrictions'
  | 'keyUsable'
  | 'approvals'
  | 'branch'
  | 'sourceSummary'
  | 'artifact'

/** What a rule says. */
export type RuleOutcome = {
  readonly rule: SigningRule
  /** What it looked at, as text. */
  readonly input: string
  /** `notAsked`: the policy demands nothing of the kind. */
  readonly outcome: 'met' | 'unmet' | 'notAsked'
  /** With which code it is refused; `null` when it is not. */
  readonly code: string | null
  /** Why, or what it takes; `null` where there is nothing to say. */
  readonly message: string | null
}

/** What would become of it. */
export type SigningSimulation = {
  /** Whether it would be signed, once those who must approve have. */
  readonly wouldBeSigned: boolean
  /** Every rule, in the order in which they are asked. */
  readonly rules: readonly RuleOutcome[]
}

/** Says whether something would be signed, by the rules that submitting and signing ask. It looks at every one. */
export function simulateSigning(question: SigningQuestion): SigningSimulation {
  const { at, project, policy, settings, certificate, key, user, artifact } = question
  const { approvers, responsible } = question
  const name = policy.status === 'none' ? 'the signing policy' : policy.slug
  const rules = [
    rule('projectInUse', statusOf(project), () => void activeProject(project)),
    rule('policyInUse', statusOf(policy), () => void activeSigningPolicy(policy)),
    rule('settingsAllowed', `${settings.name}${settings.release ? ', for releases' : ''}`, () => {
      if (certificate.status === 'none' || key.status === 'none') return
      const people = { submitters: [], approvers, responsible }
      checkedSettings({
        settings: withoutControl(settings),
        certificate: { ...certificate, keyAlgorithm: key.algorithm },
        people,
        repositoryUrl: project.status === 'none' ? null : project.repositoryUrl,
      })
    }),
    rule('userActive', statusOf(user), () => void requireActiveUser(user)),
    rule('submitter', user.status === 'none' ? 'none' : user.userId, () => requireSubmitter(question)),
    buildSystemRule(question),
    rule('certificateUsable', statusOf(certificate), () => void usableCertificate(certificate, at)),
    rule('certificateRestrictions', restrictionsText(certificate), () => {
      if (certificate.status !== 'none') requireRestrictionsMet(certificate, settings, name)
    }),
    rule(
      'keyUsable',
      statusOf(key),
      () => void usableKey(key, certificate.status === 'none' ? name : certificate.name),
    ),
    approvalRule(question),
    branchRule(question),
    sourceRule(question),
    notAsked('artifact', artifact, 'Every artifact is treated alike; its plan is approved when it was submitted.'),
  ]
  return { wouldBeSigned: rules.every(({ outcome }) => outcome !== 'unmet'), rules }
}

function rule(name: SigningRule, input: string, require: () => void): RuleOutcome {
  try {
    require()
    return { rule: name, input, outcome: 'met', code: null, message: null }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { rule: name, input, outcome: 'unmet', code: error.code, message: error.message }
  }
}

function notAsked(name: SigningRule, input: string | null, message: string): RuleOutcome {
  return { rule: name, input: input ?? 'not said', outcome: 'notAsked', code: null, message }
}

function requireSubmitter({ settings, user, groups }: SigningQuestion): void {
  const named = user.status === 'none' ? [] : referencesTo(settings.submitters, { userId: user.userId, groups })
  if (named.length === 0)
    throw new Refusal('FORBIDDEN', 'The policy names the user as a submitter neither themselves nor through a group.')
}

/** Which build system would vouch nobody knows before it does; one that can must be there. */
function buildSystemRule({ settings, user, trustedBuildSystems }: SigningQuestion): RuleOutcome {
  if (!settings.trustedBuildSystemRequired) return notAsked('trustedBuildSystem', 'none', 'None is demanded.')
  const input = trustedBuildSystems.length === 0 ? 'none' : trustedBuildSystems.slice(0, 10).join(', ')
  const outcome = rule('trustedBuildSystem', input, () => {
    if (user.status !== 'none' && user.kind !== 'ci')
      throw new Refusal(
        'SUBMITTER_NOT_CI_USER',
        'The policy demands a trusted build system: only CI users submit to it.',
      )
    if (trustedBuildSystems.length === 0)
      throw new Refusal(
        'TRUSTED_BUILD_SYSTEM_NOT_LINKED',
        'No trusted build system is linked to the project and enabled.',
      )
  })
  return outcome.outcome === 'met' ? { ...outcome, message: 'One of them must vouch for the submission.' } : outcome
}

/** Where an artifact came from its build says; here only the branch is known, if it is said. */
function branchRule({ settings: { originVerification }, branch }: SigningQuestion): RuleOutcome {
  if (originVerification === undefined) return notAsked('branch', branch, 'Nothing of this policy looks at branches.')
  const allowed = originVerification.allowedBranches.join(', ')
  if (branch === null) return notAsked('branch', branch, `The branch that was built must be one of ${allowed}.`)
  return rule('branch', branch, () => requireAllowedBranch(originVerification, branch))
}

/** By whom a summary is signed and of which commit it is, a build says; here only its level is known, if it is said. */
function sourceRule({ settings: { originVerification }, sourceLevel }: SigningQuestion): RuleOutcome {
  const demanded = originVerification?.sourceSummary
  const said = sourceLevel === null ? null : String(sourceLevel)
  if (demanded === undefined)
    return notAsked('sourceSummary', said, 'No verification summary of the source is demanded.')
  const { level, verifiers } = demanded
  const needed = `A verification summary of SLSA_SOURCE_LEVEL_${level} or higher must come, by ${verifiers.map(({ id }) => id).join(' or ')}.`
  if (sourceLevel === null) return notAsked('sourceSummary', said, needed)
  return rule('sourceSummary', String(sourceLevel), () => {
    if (sourceLevel < level) throw new Refusal('SOURCE_SUMMARY_REFUSED', needed)
  })
}

/** Enough people must be left who may approve: the submitter is none of them unless the policy says so. */
function approvalRule(question: SigningQuestion): RuleOutcome {
  const { approval } = question.settings
  if (approval === null) return notAsked('approvals', '0', 'Nobody is asked.')
  const { requiredApprovals, submitterMayApprove } = approval
  const able = new Set(approvingPeople(question))
  const { user } = question
  if (!submitterMayApprove && user.status !== 'none') able.delete(user.responsible ?? user.userId)
  const outcome = rule('approvals', `${requiredApprovals} of ${able.size}`, () => {
    if (able.size < requiredApprovals)
      throw new Refusal(
        'APPROVAL_QUORUM_UNREACHABLE',
        `${requiredApprovals} people must approve, and ${able.size} can who are active and not the submitter.`,
      )
  })
  return outcome.outcome === 'met' ? { ...outcome, message: `${requiredApprovals} people must approve it.` } : outcome
}

function statusOf({ status }: { readonly status: string }): string {
  return status
}

function restrictionsText(certificate: CertificateState): string {
  if (certificate.status === 'none') return 'none'
  const { minimumApprovals, originVerification, timestamp } = certificate.restrictions
  const demanded = [
    ...(minimumApprovals > 0 ? [`${minimumApprovals} approvals`] : []),
    ...(originVerification ? ['verified origin'] : []),
    ...(timestamp ? ['time-stamp'] : []),
  ]
  return demanded.length === 0 ? 'none' : demanded.join(', ')
}

/** Whether a version's own change control can be reached is asked when it is made, not when something is signed by it. */
function withoutControl({ changeControl: _, ...settings }: SigningPolicySettings): SigningPolicySettings {
  return settings
}

/** Whom references name, for {@link SigningQuestion.approvers}: users themselves, and the members of groups, each once. */
export function peopleOf(
  references: readonly PrincipalReference[],
  membersOf: (group: ReferencedUser['groups'][number]) => readonly UserId[],
): readonly UserId[] {
  return [...new Set(references.flatMap((each) => ('user' in each ? [each.user] : membersOf(each.group))))]
}
