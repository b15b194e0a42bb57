import { Refusal } from '../refusal.ts'

/** What every signing policy that uses a certificate must demand. */
export type CertificateRestrictions = {
  /** So many people must approve; 0: approval is not demanded. */
  readonly minimumApprovals: number
  /** Where the artifact comes from must be verified. */
  readonly originVerification: boolean
  /** Signatures must carry a time-stamp. */
  readonly timestamp: boolean
}

/** A certificate that any policy may use. */
export const unrestricted: CertificateRestrictions = {
  minimumApprovals: 0,
  originVerification: false,
  timestamp: false,
}

/** What a policy demands of its requests, or what was demanded of a request, as far as restrictions look at it. */
export type DemandedOfRequests = {
  readonly approval: { readonly requiredApprovals: number } | null
  readonly timestamp: 'required' | 'none'
  /** What is demanded of the origin; left out where nothing is. */
  readonly originVerification?: object
}

/** More approvals nobody demands. */
const mostApprovals = 100

/**
 * Reads restrictions.
 *
 * @throws Refusal `CERTIFICATE_RESTRICTIONS_INVALID`
 */
export function parseRestrictions(restrictions: CertificateRestrictions): CertificateRestrictions {
  const { minimumApprovals, originVerification, timestamp } = restrictions
  if (!Number.isInteger(minimumApprovals) || minimumApprovals < 0 || minimumApprovals > mostApprovals)
    throw new Refusal(
      'CERTIFICATE_RESTRICTIONS_INVALID',
      `The minimum number of approvals must be a whole number from 0 to ${mostApprovals}; got ${minimumApprovals}.`,
    )
  return { minimumApprovals, originVerification, timestamp }
}

/**
 * Refuses a policy, or a request that a policy let through, that demands less than a certificate wants.
 *
 * @param what what demands too little, for the message
 * @throws Refusal `CERTIFICATE_RESTRICTIONS_UNMET`, which names every restriction that is not met
 */
export function requireRestrictionsMet(
  { name, restrictions }: { readonly name: string; readonly restrictions: CertificateRestrictions },
  demanded: DemandedOfRequests,
  what: string,
): void {
  const approvals = demanded.approval?.requiredApprovals ?? 0
  const unmet = [
    ...(approvals < restrictions.minimumApprovals
      ? [`${restrictions.minimumApprovals} approvals (${what} demands ${approvals})`]
      : []),
    ...(restrictions.originVerification && demanded.originVerification === undefined
      ? ['verification of the origin']
      : []),
    ...(restrictions.timestamp && demanded.timestamp !== 'required' ? ['a time-stamp'] : []),
  ]
  if (unmet.length > 0)
    throw new Refusal(
      'CERTIFICATE_RESTRICTIONS_UNMET',
      `The certificate ${name} may only be used with ${unmet.join(', ')}; ${what} does not demand that.`,
      { unmet },
    )
}
