import { canonicalJson } from '../canonical-json.ts'
import type { Decider } from '../decider.ts'
import type { OrganizationId, ProjectId, SigningPolicyId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseSlug } from '../slug.ts'
import { parseText } from '../text.ts'
import type { SigningPolicyEvent, SigningPolicySettings } from './events.ts'
import {
  checkedSettings,
  continuityOf,
  type PolicyCertificate,
  type PolicyPeople,
  type ReplacedCertificate,
  type SettingsInContext,
} from './settings.ts'

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

/** What can be asked of a signing policy. */
export type SigningPolicyCommand =
  | ({
      readonly type: 'CreateSigningPolicy'
      readonly signingPolicyId: SigningPolicyId
      readonly organizationId: OrganizationId
      readonly projectId: ProjectId
      readonly slug: string
    } & SettingsInContext)
  | ({
      readonly type: 'ChangeSigningPolicy'
      /** The certificate of the version in force, when the settings name another one. */
      readonly replaced: ReplacedCertificate | null
    } & SettingsInContext)
  | { readonly type: 'DeactivateSigningPolicy'; readonly reason: string | null }
  | {
      readonly type: 'ReactivateSigningPolicy'
      /** The certificate of the settings as they are, and whom they name now. */
      readonly certificate: PolicyCertificate
      readonly people: PolicyPeople
      readonly repositoryUrl?: string | null
    }

/**
 * Signing policy: which certificate signs, who may submit, who must approve. Every change makes a version.
 *
 * Refuses with `SIGNING_POLICY_EXISTS`, `SIGNING_POLICY_NOT_FOUND`, `SIGNING_POLICY_INACTIVE`,
 * `SIGNING_POLICY_ACTIVE`, `SIGNING_POLICY_UNCHANGED`, `APPROVAL_QUORUM`, `APPROVAL_QUORUM_UNREACHABLE`, `APPROVAL_DEADLINE`, `MEMBERS_REPEATED`,
 * `SIGNING_POLICY_TOO_LARGE`, `RELEASE_NEEDS_TIMESTAMP`, `RELEASE_NEEDS_STRONG_KEY`, `RELEASE_NEEDS_ISSUED_CERTIFICATE`, `CERTIFICATE_MISMATCH`,
 * `CERTIFICATE_RESTRICTIONS_UNMET`, `CERTIFICATE_NOT_ISSUED`, `CHANGE_CONTROL_INVALID`, `CHANGE_CONTROL_UNREACHABLE`,
 * `EXISTING_SIGNATURES_INVALID`, `HASH_SIGNING_WITH_TIMESTAMP`, `OPENPGP_POLICY_INVALID`, `SUBMITTER_NOT_CI_USER`, `ORIGIN_VERIFICATION_NEEDS_BUILD_SYSTEM`,
 * `ORIGIN_VERIFICATION_WITH_HASHES`, `ORIGIN_BRANCHES_INVALID`, `PROJECT_REPOSITORY_NEEDED`, `SOURCE_SUMMARY_RULE_INVALID`, `GLOB_MALFORMED`, `SLUG_MALFORMED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const signingPolicyDecider: Decider<SigningPolicyState, SigningPolicyCommand, SigningPolicyEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['SigningPolicyCreated', 'SigningPolicyChanged', 'SigningPolicyDeactivated', 'SigningPolicyReactivated'],
  schemaVersions: { SigningPolicyCreated: 6, SigningPolicyChanged: 6 },

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
          data: { schemaVersion: formOf(settings), signingPolicyId, organizationId, projectId, slug, settings },
        },
      ]
    }
    const policy = existingPolicy(state)
    switch (command.type) {
      case 'ChangeSigningPolicy': {
        const settings = checkedSettings(command)
        const version = policy.versions.length + 1
        const { settings: before } = currentVersion(policy)
        // A version that changes nothing would have people compare what is the same, and changes that wait for approval lapse.
        if (canonicalJson(settings) === canonicalJson(before))
          throw new Refusal(
            'SIGNING_POLICY_UNCHANGED',
            `The signing policy ${policy.slug} has just these settings already.`,
          )
        const continuity = continuityOf(command, before, command.replaced)
        const data = {
          schemaVersion: formOf(settings),
          version,
          settings,
          ...(continuity !== undefined && { continuity }),
        }
        return [{ type: 'SigningPolicyChanged', data }]
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
        // What it demands may be too little for its certificate by now, or more than those who are left can give.
        checkedSettings({ ...command, settings: currentVersion(policy).settings })
        return [{ type: 'SigningPolicyReactivated', data: { schemaVersion: 1 } }]
    }
  },

  evolve(state, event) {
    if (event.type === 'SigningPolicyCreated') {
      if (state.status !== 'none') return state
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

/**
 * The form of an event with these settings: a release that does not know that changes are controlled, that a trusted build
 * system is required, that hashes are signed, that origins are verified or that summaries of the source are, must not overlook it.
 */
function formOf(settings: SigningPolicySettings): number {
  const { changeControl, trustedBuildSystemRequired, hashSigningAllowed, originVerification } = settings
  if (originVerification?.sourceSummary !== undefined) return 6
  if (originVerification !== undefined) return 5
  if (hashSigningAllowed !== undefined) return 4
  if (trustedBuildSystemRequired !== undefined) return 3
  return changeControl === undefined ? 1 : 2
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
