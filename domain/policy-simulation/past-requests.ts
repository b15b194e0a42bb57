import type { SigningRequestId, UserId } from '../ids.ts'
import { type ReferencedUser, referencesTo } from '../principal-reference.ts'
import type { SigningPolicySettings } from '../signing-policy/index.ts'
import { countedApprovals, type SigningRequest } from '../signing-request/index.ts'

/** A rule by which a request would have been treated otherwise. */
export type OtherwiseRule =
  | 'submitter'
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
  | 'submitter'
  | 'approval'
  | 'plan'
  | 'approvals'
  | 'certificateId'
  | 'timestamp'
  | 'existingSignatures'
  | 'source'
>

/**
 * Says which of some requests other settings would have treated otherwise: refused their submission, asked for approvals that
 * were not given, been content with fewer, or signed them in another way. People are in the groups that they are in now.
 */
export function treatedOtherwise(
  requests: readonly PastRequest[],
  settings: SigningPolicySettings,
  groupsOf: (user: UserId) => ReferencedUser['groups'],
): readonly TreatedOtherwise[] {
  return requests.flatMap((request) => {
    const differences = differencesOf(request, settings, groupsOf)
    return differences.length === 0 ? [] : [{ signingRequestId: request.signingRequestId, differences }]
  })
}

function differencesOf(
  request: PastRequest,
  settings: SigningPolicySettings,
  groupsOf: (user: UserId) => ReferencedUser['groups'],
): TreatedOtherwise['differences'] {
  const { submitter, certificateId, timestamp, existingSignatures } = request
  const maySubmit = referencesTo(settings.submitters, { userId: submitter, groups: groupsOf(submitter) }).length > 0
  const before = approvalsText(request, request.approval, groupsOf)
  const after = approvalsText(request, settings.approval, groupsOf)
  return [
    ...(maySubmit ? [] : [{ rule: 'submitter' as const, before: 'accepted', after: 'refused' }]),
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

/** How many of the approvals that were given count, of how many that are needed. */
function approvalsText(
  { submitter, plan, approvals }: PastRequest,
  approval: SigningPolicySettings['approval'],
  groupsOf: (user: UserId) => ReferencedUser['groups'],
): string {
  if (approval === null) return 'none needed'
  const given = approvals.map((each) => ({
    ...each,
    through: referencesTo(approval.approvers, { userId: each.approver, groups: groupsOf(each.approver) }),
  }))
  const count = countedApprovals({ approval, submitter, plan, approvals: given }).length
  return `${count} of ${approval.requiredApprovals}`
}
