import type { Voucher } from '../actor.ts'
import type { SigningRequestId, TrustedBuildSystemId, UserId } from '../ids.ts'
import { type ReferencedUser, referencesTo } from '../principal-reference.ts'
import { Refusal } from '../refusal.ts'
import type { SigningPolicySettings } from '../signing-policy/index.ts'
import { countedApprovals, type SigningRequest } from '../signing-request/index.ts'
import { requireTrustedBuildSystem, type TrustedBuildSystemState } from '../trusted-build-system/index.ts'
import type { User } from '../user/index.ts'

/** A rule by which a request would have been treated otherwise. */
export type OtherwiseRule =
  | 'submitter'
  | 'trustedBuildSystem'
  | 'approvals'
  | 'certificate'
  | 'timestamp'
  | 'existingSignatures'
  | 'hashSigning'

/** How a request would have been treated otherwise: what its own version demanded, and what the other settings would. */
export type TreatedOtherwise = {
  readonly signingRequestId: SigningRequestId
  readonly differences: readonly {
    readonly rule: OtherwiseRule
    readonly before: string
    readonly after: string
  }[]
}

/** What of a request is looked at. */
export type PastRequest = Pick<
  SigningRequest,
  | 'signingRequestId'
  | 'projectId'
  | 'submitter'
  | 'peopleBehind'
  | 'approval'
  | 'plan'
  | 'approvals'
  | 'certificateId'
  | 'timestamp'
  | 'existingSignatures'
  | 'source'
> & {
  /** The build system that vouched for the submission; `null` when none did. */
  readonly vouchedBy: Voucher | null
}

/** Who and what past requests name, as they are now. */
export type KnownNow = {
  readonly groupsOf: (user: UserId) => ReferencedUser['groups']
  /** `undefined` for a user who is not there. */
  readonly kindOf: (user: UserId) => User['kind'] | undefined
  readonly buildSystem: (id: TrustedBuildSystemId) => TrustedBuildSystemState
}

/**
 * Says which of some requests other settings would have treated otherwise: refused their submission, asked for approvals that
 * were not given, been content with fewer, or signed them in another way. People are in the groups that they are in now, and build
 * systems are linked and enabled as they are now.
 */
export function treatedOtherwise(
  requests: readonly PastRequest[],
  settings: SigningPolicySettings,
  known: KnownNow,
): readonly TreatedOtherwise[] {
  return requests.flatMap((request) => {
    const differences = differencesOf(request, settings, known)
    return differences.length === 0 ? [] : [{ signingRequestId: request.signingRequestId, differences }]
  })
}

function differencesOf(
  request: PastRequest,
  settings: SigningPolicySettings,
  known: KnownNow,
): TreatedOtherwise['differences'] {
  const { groupsOf } = known
  const { submitter, certificateId, timestamp, existingSignatures } = request
  const maySubmit = referencesTo(settings.submitters, { userId: submitter, groups: groupsOf(submitter) }).length > 0
  const before = approvalsText(request, request.approval, groupsOf)
  const after = approvalsText(request, settings.approval, groupsOf)
  return [
    ...(maySubmit ? [] : [{ rule: 'submitter' as const, before: 'accepted', after: 'refused' }]),
    ...buildSystemDifference(request, settings, known),
    ...(before === after ? [] : [{ rule: 'approvals' as const, before, after }]),
    ...(certificateId === settings.certificateId
      ? []
      : [{ rule: 'certificate' as const, before: certificateId, after: settings.certificateId }]),
    ...(timestamp === settings.timestamp
      ? []
      : [{ rule: 'timestamp' as const, before: timestamp, after: settings.timestamp }]),
    ...(settings.existingSignatures.includes(existingSignatures)
      ? []
      : [{ rule: 'existingSignatures' as const, before: existingSignatures, after: 'refused' }]),
    ...(request.source.kind !== 'hashPayload' || settings.hashSigningAllowed
      ? []
      : [{ rule: 'hashSigning' as const, before: 'signed', after: 'refused' }]),
  ]
}

/** What the rules of submitting say of the submitter's kind, and of the build system that vouched. */
function buildSystemDifference(
  { submitter, projectId, vouchedBy }: PastRequest,
  { trustedBuildSystemRequired, originVerification }: SigningPolicySettings,
  { kindOf, buildSystem }: KnownNow,
): TreatedOtherwise['differences'] {
  if (!trustedBuildSystemRequired) return []
  try {
    requireTrustedBuildSystem({
      submitterKind: kindOf(submitter) ?? 'interactive',
      vouchedBy: vouchedBy && buildSystem(vouchedBy.trustedBuildSystemId),
      method: vouchedBy?.proof.method,
      isOriginVerified: originVerification !== undefined,
      projectId,
    })
    return []
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return [{ rule: 'trustedBuildSystem', before: 'accepted', after: `refused: ${error.code}` }]
  }
}

/** How many of the approvals that were given count, of how many that are needed. */
function approvalsText(
  { submitter, peopleBehind, plan, approvals }: PastRequest,
  approval: SigningPolicySettings['approval'],
  groupsOf: (user: UserId) => ReferencedUser['groups'],
): string {
  if (approval === null) return 'none needed'
  const given = approvals.map((each) => ({
    ...each,
    through: referencesTo(approval.approvers, { userId: each.approver, groups: groupsOf(each.approver) }),
  }))
  const count = countedApprovals({
    approval,
    submitter,
    ...(peopleBehind === undefined ? {} : { peopleBehind }),
    plan,
    approvals: given,
  }).length
  return `${count} of ${approval.requiredApprovals}`
}
