import type { KeyAlgorithm } from '../algorithms.ts'
import {
  type Certificate,
  type ContinuityFinding,
  continuityFindings,
  requireRestrictionsMet,
} from '../certificate/index.ts'
import { checkTreatments } from '../existing-signatures.ts'
import type { UserId } from '../ids.ts'
import { checkChangeControl } from '../organization/index.ts'
import { checkReferences } from '../reference-list.ts'
import { Refusal } from '../refusal.ts'
import { parseName } from '../text.ts'
import type { ApprovalProcess, SigningPolicySettings } from './events.ts'
import { checkedOriginVerification } from './origin-verification.ts'

/** What a policy needs to know of the certificate that it is to use. */
export type PolicyCertificate = Pick<Certificate, 'certificateId' | 'kind' | 'name' | 'restrictions' | 'issued'> & {
  readonly keyAlgorithm: KeyAlgorithm
}

/**
 * Whom the references of a policy's settings name at the moment of a command, each once: those whom they name themselves,
 * and members of groups.
 */
export type PolicyPeople = {
  readonly submitters: readonly UserId[]
  /** Only who is not deactivated; so many that they are one person more than the required approvals will do. */
  readonly approvers: readonly UserId[]
  /** Who is responsible for those approvers who are CI users, and for those submitters who are and are named themselves. */
  readonly responsible?: Readonly<Partial<Record<UserId, UserId>>> | undefined
  /** Those submitters who are people; left out where the settings demand no trusted build system. */
  readonly interactiveSubmitters?: readonly UserId[]
  /** How many Global Administrators are active people; left out where the settings control no changes. */
  readonly administrators?: number
}

const submitters = { name: 'submitters', of: 'signing policy', tooMany: 'SIGNING_POLICY_TOO_LARGE' } as const
const approvers = { ...submitters, name: 'approvers' } as const

/** Settings, and what they rest on. */
export type SettingsInContext = {
  readonly settings: SigningPolicySettings
  readonly certificate: PolicyCertificate
  readonly people: PolicyPeople
  /** The project's, where it has one; only settings that verify origins look at it. */
  readonly repositoryUrl?: string | null
}

/**
 * The settings as a policy may have them.
 *
 * @throws Refusal as the signing policy's decider
 */
export function checkedSettings(context: SettingsInContext): SigningPolicySettings {
  const { settings, certificate, people, repositoryUrl = null } = context
  if (certificate.certificateId !== settings.certificateId)
    throw new Refusal('CERTIFICATE_MISMATCH', 'The certificate given is not the one that the settings name.')
  checkReferences(settings.submitters, submitters)
  checkTreatments(settings.existingSignatures)
  if (settings.approval !== null) {
    checkApproval(settings.approval, people)
    checkReachable(settings.approval, people)
  }
  if (certificate.kind === 'openPgp') checkOpenPgp(settings, certificate)
  if (settings.release) checkRelease(settings, certificate)
  if (settings.hashSigningAllowed) checkHashSigning(settings)
  const { originVerification } = settings
  const origin = originVerification && checkedOriginVerification({ ...settings, originVerification, repositoryUrl })
  if (settings.trustedBuildSystemRequired) checkCiUsers(people.interactiveSubmitters ?? [])
  if (settings.changeControl !== undefined) checkChangeControl(settings.changeControl, people.administrators ?? 0)
  const name = parseName(settings.name, "The signing policy's name")
  requireRestrictionsMet(certificate, settings, `the signing policy ${name}`)
  return { ...settings, name, ...(origin && { originVerification: origin }) }
}

/** The certificate of the version of a policy that is in force, when another one is to take its place. */
export type ReplacedCertificate = Pick<Certificate, 'certificateId' | 'issued'>

/**
 * What others see changed when another certificate takes the place of the one before; `undefined` when none does, or the one
 * before was never issued.
 *
 * @throws Refusal `CERTIFICATE_MISMATCH`, `CERTIFICATE_NOT_ISSUED`
 */
export function continuityOf(
  { settings, certificate }: SettingsInContext,
  before: SigningPolicySettings,
  replaced: ReplacedCertificate | null,
): readonly ContinuityFinding[] | undefined {
  if (settings.certificateId === before.certificateId) return undefined
  if (replaced?.certificateId !== before.certificateId)
    throw new Refusal('CERTIFICATE_MISMATCH', 'The certificate given as the one before is not that of the policy.')
  if (replaced.issued === null) return undefined
  // Without it nobody could say what changes for those who know the one before.
  if (certificate.issued === null)
    throw new Refusal(
      'CERTIFICATE_NOT_ISSUED',
      `The certificate ${certificate.name} has not been issued yet, and cannot take the place of another one.`,
    )
  return continuityFindings(replaced.issued, certificate.issued)
}

/** Ten years. Far beyond them a deadline is no date any more. */
const longestDeadlineSeconds = 10 * 365 * 24 * 60 * 60

function checkApproval(approval: ApprovalProcess, people: PolicyPeople): void {
  const { requiredApprovals, deadlineSeconds } = approval
  checkReferences(approval.approvers, approvers)
  const count = approvingPeople(people).size
  if (!Number.isInteger(requiredApprovals) || requiredApprovals < 1 || requiredApprovals > count)
    throw new Refusal(
      'APPROVAL_QUORUM',
      `The required approvals must be a whole number from 1 to the number of people who can approve, members of groups included and deactivated users not, and a CI user as whoever is responsible for it (${count}); got ${requiredApprovals}.`,
      { approvers: count, requiredApprovals },
    )
  if (deadlineSeconds === null) return
  if (!Number.isInteger(deadlineSeconds) || deadlineSeconds < 1 || deadlineSeconds > longestDeadlineSeconds)
    throw new Refusal(
      'APPROVAL_DEADLINE',
      `The approval deadline must be a whole number of seconds from 1 to ${longestDeadlineSeconds}; got ${deadlineSeconds}.`,
      { deadlineSeconds },
    )
}

/** Whoever submits, enough others must be there to approve: or the request would wait for ever. */
function checkReachable({ requiredApprovals, submitterMayApprove }: ApprovalProcess, people: PolicyPeople): void {
  if (submitterMayApprove) return
  const able = approvingPeople(people)
  const others = (submitter: UserId) => able.size - (able.has(personOf(submitter, people)) ? 1 : 0)
  const stuck = people.submitters.filter((submitter) => others(submitter) < requiredApprovals)
  if (stuck.length === 0) return
  const left = Math.min(...stuck.map(others))
  throw new Refusal(
    'APPROVAL_QUORUM_UNREACHABLE',
    `Requests of ${stuck.slice(0, 10).join(', ')}${stuck.length > 10 ? ' and others' : ''} could never be approved: whoever submits, or is responsible for the CI user that does, may not approve, and without them there are ${left} approvers for ${requiredApprovals} approvals. Add approvers, ask for fewer approvals, or let submitters approve.`,
    { submitters: stuck.slice(0, 10), approvers: left, requiredApprovals },
  )
}

/** The people who can approve: who is one by several accounts counts once, as when approvals are counted. */
export function approvingPeople(people: Pick<PolicyPeople, 'approvers' | 'responsible'>): ReadonlySet<UserId> {
  return new Set(people.approvers.map((approver) => personOf(approver, people)))
}

/** The person of an account: of a CI user whoever is responsible for it. */
function personOf(userId: UserId, { responsible = {} }: Pick<PolicyPeople, 'responsible'>): UserId {
  return responsible[userId] ?? userId
}

/** What people submit, no trusted build system vouches for. */
function checkCiUsers(interactive: readonly UserId[]): void {
  if (interactive.length === 0) return
  throw new Refusal(
    'SUBMITTER_NOT_CI_USER',
    `A policy that demands a trusted build system takes submissions of CI users only; ${interactive.slice(0, 10).join(', ')}${interactive.length > 10 ? ' and others' : ''} ${interactive.length === 1 ? 'is a person' : 'are people'}.`,
    { interactiveSubmitters: interactive.slice(0, 10) },
  )
}

/** The signature of a hash cannot carry a time-stamp: whoever puts it into a file can. */
function checkHashSigning({ timestamp, release }: SigningPolicySettings): void {
  if (timestamp === 'none') return
  throw new Refusal(
    'HASH_SIGNING_WITH_TIMESTAMP',
    `A policy that allows hash signing must not demand time-stamps, which signatures of hashes cannot carry${release ? ', and so cannot be for releases' : ''}. Sign hashes by a policy of their own, with timestamp none.`,
  )
}

/** No signature by an OpenPGP key carries a time-stamp, and hashes are signed for X.509 certificates. */
function checkOpenPgp({ timestamp, hashSigningAllowed }: SigningPolicySettings, { name }: PolicyCertificate): void {
  if (timestamp === 'none' && !hashSigningAllowed) return
  throw new Refusal(
    'OPENPGP_POLICY_INVALID',
    `${name} is an OpenPGP key, whose signatures carry no time-stamps and which signs no hashes: a policy with it has timestamp none, and does not allow hash signing.`,
  )
}

function checkRelease(settings: SigningPolicySettings, certificate: PolicyCertificate): void {
  if (settings.timestamp !== 'required' && certificate.kind !== 'openPgp')
    throw new Refusal('RELEASE_NEEDS_TIMESTAMP', 'A release policy must require a time-stamp.')
  if (certificate.keyAlgorithm === 'rsa-2048')
    throw new Refusal(
      'RELEASE_NEEDS_STRONG_KEY',
      `A release policy needs RSA 3072 or more, or an elliptic curve; ${certificate.name} has RSA 2048.`,
    )
  if (!isOfAuthority(certificate))
    throw new Refusal(
      'RELEASE_NEEDS_ISSUED_CERTIFICATE',
      `A release policy needs a certificate that an authority issued; ${certificate.name} is self-signed, for tests.`,
    )
}

/** An imported certificate can be self-signed too, which shows once it is in use. */
function isOfAuthority({ kind, issued }: PolicyCertificate): boolean {
  // OpenPGP knows no authorities: whoever verifies has the key itself.
  if (kind !== 'imported') return kind === 'authority' || kind === 'openPgp'
  return issued?.format === 'x509' && issued.identity.key !== issued.identity.issuingKey
}
