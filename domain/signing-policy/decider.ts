import type { KeyAlgorithm } from '../algorithms.ts'
import { type Certificate, requireRestrictionsMet } from '../certificate/index.ts'
import type { Decider } from '../decider.ts'
import { checkTreatments } from '../existing-signatures.ts'
import type { OrganizationId, ProjectId, SigningPolicyId, UserId } from '../ids.ts'
import { checkReferences } from '../reference-list.ts'
import { Refusal } from '../refusal.ts'
import { parseSlug } from '../slug.ts'
import { parseName, parseText } from '../text.ts'
import type { ApprovalProcess, SigningPolicyEvent, SigningPolicySettings } from './events.ts'

/** A signing policy that exists. */
export type SigningPolicy = {
  readonly status: 'active' | 'inactive'
  readonly signingPolicyId: SigningPolicyId
  readonly organizationId: OrganizationId
  readonly projectId: ProjectId
  readonly slug: string
  /** Every version of the settings; version n stands at index n − 1, the last one is in force. */
  readonly versions: readonly [SigningPolicySettings, ...SigningPolicySettings[]]
}

/** Before and after the policy was created. */
export type SigningPolicyState = { readonly status: 'none' } | SigningPolicy

/** What a policy needs to know of the certificate that it is to use. */
export type PolicyCertificate = Pick<Certificate, 'certificateId' | 'kind' | 'name' | 'restrictions'> & {
  readonly keyAlgorithm: KeyAlgorithm
}

/**
 * Whom the references of a policy's settings name at the moment of a command, each once: those whom they name themselves,
 * and members of groups.
 */
export type PolicyPeople = {
  readonly submitters: readonly UserId[]
  /** Only who is not deactivated; one more than the required approvals will do. */
  readonly approvers: readonly UserId[]
}

const submitters = { name: 'submitters', of: 'signing policy', tooMany: 'SIGNING_POLICY_TOO_LARGE' } as const
const approvers = { ...submitters, name: 'approvers' } as const

/** What can be asked of a signing policy. */
export type SigningPolicyCommand =
  | {
      readonly type: 'CreateSigningPolicy'
      readonly signingPolicyId: SigningPolicyId
      readonly organizationId: OrganizationId
      readonly projectId: ProjectId
      readonly slug: string
      readonly settings: SigningPolicySettings
      readonly certificate: PolicyCertificate
      readonly people: PolicyPeople
    }
  | {
      readonly type: 'ChangeSigningPolicy'
      readonly settings: SigningPolicySettings
      readonly certificate: PolicyCertificate
      readonly people: PolicyPeople
    }
  | { readonly type: 'DeactivateSigningPolicy'; readonly reason: string | null }
  | { readonly type: 'ReactivateSigningPolicy' }

/**
 * Signing policy: which certificate signs, who may submit, who must approve. Every change makes a version.
 *
 * Refuses with `SIGNING_POLICY_EXISTS`, `SIGNING_POLICY_NOT_FOUND`, `SIGNING_POLICY_INACTIVE`,
 * `SIGNING_POLICY_ACTIVE`, `APPROVAL_QUORUM`, `APPROVAL_QUORUM_UNREACHABLE`, `APPROVAL_DEADLINE`, `MEMBERS_REPEATED`,
 * `SIGNING_POLICY_TOO_LARGE`, `RELEASE_NEEDS_TIMESTAMP`, `RELEASE_NEEDS_STRONG_KEY`, `RELEASE_NEEDS_ISSUED_CERTIFICATE`, `CERTIFICATE_MISMATCH`,
 * `CERTIFICATE_RESTRICTIONS_UNMET`,
 * `EXISTING_SIGNATURES_INVALID`, `SLUG_MALFORMED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const signingPolicyDecider: Decider<SigningPolicyState, SigningPolicyCommand, SigningPolicyEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['SigningPolicyCreated', 'SigningPolicyChanged', 'SigningPolicyDeactivated', 'SigningPolicyReactivated'],

  decide(command, state) {
    if (command.type === 'CreateSigningPolicy') {
      if (state.status !== 'none')
        throw new Refusal('SIGNING_POLICY_EXISTS', 'A signing policy with this id exists already.')
      const { signingPolicyId, organizationId, projectId } = command
      const slug = parseSlug(command.slug, "The signing policy's slug")
      const settings = checkedSettings(command)
      return [
        {
          type: 'SigningPolicyCreated',
          data: { schemaVersion: 1, signingPolicyId, organizationId, projectId, slug, settings },
        },
      ]
    }
    const policy = existingPolicy(state)
    switch (command.type) {
      case 'ChangeSigningPolicy': {
        const settings = checkedSettings(command)
        const version = policy.versions.length + 1
        return [{ type: 'SigningPolicyChanged', data: { schemaVersion: 1, version, settings } }]
      }
      case 'DeactivateSigningPolicy':
        activeSigningPolicy(policy)
        return [
          {
            type: 'SigningPolicyDeactivated',
            data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') },
          },
        ]
      case 'ReactivateSigningPolicy':
        if (policy.status === 'active')
          throw new Refusal('SIGNING_POLICY_ACTIVE', `The signing policy ${policy.slug} is active already.`)
        return [{ type: 'SigningPolicyReactivated', data: { schemaVersion: 1 } }]
    }
  },

  evolve(state, event) {
    if (event.type === 'SigningPolicyCreated') {
      const { signingPolicyId, organizationId, projectId, slug, settings } = event.data
      return { status: 'active', signingPolicyId, organizationId, projectId, slug, versions: [settings] }
    }
    if (state.status === 'none') return state
    switch (event.type) {
      case 'SigningPolicyChanged':
        return { ...state, versions: [...state.versions, event.data.settings] }
      case 'SigningPolicyDeactivated':
        return { ...state, status: 'inactive' }
      case 'SigningPolicyReactivated':
        return { ...state, status: 'active' }
    }
  },
}

function existingPolicy(state: SigningPolicyState): SigningPolicy {
  if (state.status === 'none') throw new Refusal('SIGNING_POLICY_NOT_FOUND', 'There is no such signing policy.')
  return state
}

/**
 * The policy, if it may sign.
 *
 * @throws Refusal `SIGNING_POLICY_NOT_FOUND` or `SIGNING_POLICY_INACTIVE`
 */
export function activeSigningPolicy(state: SigningPolicyState): SigningPolicy {
  const policy = existingPolicy(state)
  if (policy.status === 'inactive')
    throw new Refusal('SIGNING_POLICY_INACTIVE', `The signing policy ${policy.slug} is inactive and signs nothing.`)
  return policy
}

/** The version in force and its settings. */
export function currentVersion(policy: SigningPolicy): {
  readonly version: number
  readonly settings: SigningPolicySettings
} {
  const version = policy.versions.length
  return { version, settings: policy.versions[version - 1] ?? policy.versions[0] }
}

type CommandWithSettings = Extract<SigningPolicyCommand, { readonly settings: SigningPolicySettings }>

function checkedSettings({ settings, certificate, people }: CommandWithSettings): SigningPolicySettings {
  if (certificate.certificateId !== settings.certificateId)
    throw new Refusal('CERTIFICATE_MISMATCH', 'The certificate given is not the one that the settings name.')
  checkReferences(settings.submitters, submitters)
  checkTreatments(settings.existingSignatures)
  if (settings.approval !== null) {
    checkApproval(settings.approval, people)
    checkReachable(settings.approval, people)
  }
  if (settings.release) checkRelease(settings, certificate)
  const name = parseName(settings.name, "The signing policy's name")
  requireRestrictionsMet(certificate, settings, `the signing policy ${name}`)
  return { ...settings, name }
}

/** Ten years. Far beyond them a deadline is no date any more. */
const longestDeadlineSeconds = 10 * 365 * 24 * 60 * 60

function checkApproval(approval: ApprovalProcess, people: PolicyPeople): void {
  const { requiredApprovals, deadlineSeconds } = approval
  checkReferences(approval.approvers, approvers)
  const count = people.approvers.length
  if (!Number.isInteger(requiredApprovals) || requiredApprovals < 1 || requiredApprovals > count)
    throw new Refusal(
      'APPROVAL_QUORUM',
      `The required approvals must be a whole number from 1 to the number of people who can approve, members of groups included and deactivated users not (${count}); got ${requiredApprovals}.`,
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
function checkReachable(
  { requiredApprovals, submitterMayApprove }: ApprovalProcess,
  { submitters, approvers }: PolicyPeople,
): void {
  if (submitterMayApprove || approvers.length > requiredApprovals) return
  const stuck = submitters.filter((submitter) => approvers.includes(submitter))
  if (stuck.length > 0)
    throw new Refusal(
      'APPROVAL_QUORUM_UNREACHABLE',
      `Requests of ${stuck.slice(0, 10).join(', ')}${stuck.length > 10 ? ' and others' : ''} could never be approved: submitters may not approve, and without them there are ${approvers.length - 1} approvers for ${requiredApprovals} approvals. Add approvers, ask for fewer approvals, or let submitters approve.`,
      { submitters: stuck.slice(0, 10), approvers: approvers.length - 1, requiredApprovals },
    )
}

function checkRelease(settings: SigningPolicySettings, certificate: PolicyCertificate): void {
  if (settings.timestamp !== 'required')
    throw new Refusal('RELEASE_NEEDS_TIMESTAMP', 'A release policy must require a time-stamp.')
  if (certificate.keyAlgorithm === 'rsa-2048')
    throw new Refusal(
      'RELEASE_NEEDS_STRONG_KEY',
      `A release policy needs RSA 3072 or more, or an elliptic curve; ${certificate.name} has RSA 2048.`,
    )
  if (certificate.kind === 'selfSigned')
    throw new Refusal(
      'RELEASE_NEEDS_ISSUED_CERTIFICATE',
      `A release policy needs a certificate that an authority issued; ${certificate.name} is self-signed, for tests.`,
    )
}
