import { canonicalJson } from '../canonical-json.ts'
import type { Instant } from '../event.ts'
import { matchesGlob } from '../glob.ts'
import type { SigningPolicySettings, SigningPolicyState } from '../signing-policy/index.ts'
import type { SigningRequest } from '../signing-request/index.ts'
import { type GrantState, isInForce } from './decider.ts'

/** A use of a grant, with all that it depends on. */
export type GrantUse = {
  /** The request that is to be approved, or was. */
  readonly request: SigningRequest
  /** Its signing policy as it was when the grant was used. */
  readonly policy: SigningPolicyState
  /** When it was used. */
  readonly at: Instant
}

/**
 * Why a grant does not approve a request, as the end of a sentence about the grant; `undefined` when it does. How often it was used,
 * and whether its giver may approve, is not asked here.
 */
export function grantFault(grant: GrantState, { request, policy, at }: GrantUse): string | undefined {
  if (grant.status === 'none') return 'was never given'
  if (grant.status === 'revoked') return 'was revoked'
  if (
    grant.organizationId !== request.organizationId ||
    grant.projectId !== request.projectId ||
    grant.signingPolicyId !== request.signingPolicyId
  )
    return 'is for another signing policy'
  if (!isInForce(grant, at)) return `is in force from ${grant.from} until ${grant.until} only`
  if (request.plan?.certificateThumbprint !== grant.certificateThumbprint)
    return 'is for signatures by the certificate that the signing policy had then'
  if (!isSamePolicy(policy, grant.signingPolicyVersion, request.signingPolicyVersion))
    return `is for version ${grant.signingPolicyVersion} of the signing policy, whose settings were changed since`
  const { fileName, version, branch } = namesOf(request)
  if (!matches(grant.fileNames, fileName)) return `is for other file names than ${fileName ?? 'none'}`
  if (grant.versions.length > 0 && !matches(grant.versions, version))
    return `is for other versions than ${version ?? 'none'}`
  if (grant.branches.length > 0 && !matches(grant.branches, branch))
    return `is for other branches than ${branch ?? 'none'}`
  return undefined
}

/** What the globs of grants are held against; `null` for what nobody says, which no glob stands for. */
export function namesOf(request: SigningRequest): {
  /** Of the artifact, as it was retrieved. */
  readonly fileName: string | null
  /** What the submission says it is a version of. */
  readonly version: string | null
  /** Of the origin. Nothing in a request says one before its origin is verified. */
  readonly branch: string | null
} {
  return { fileName: request.artifact?.fileName ?? null, version: request.version ?? null, branch: null }
}

function matches(globs: readonly string[], text: string | null): boolean {
  return text !== null && globs.some((glob) => matchesGlob(glob, text))
}

/** Whether every version of a policy from one to the last, and the request's own, demands the same. Names may differ. */
function isSamePolicy(policy: SigningPolicyState, since: number, ofRequest: number): boolean {
  if (policy.status !== 'active') return false
  const of = (version: number) => policy.versions[version - 1]
  const first = of(since)
  const own = of(ofRequest)
  if (first === undefined || own === undefined) return false
  const demanded = demandsOf(first)
  return [own, ...policy.versions.slice(since)].every((settings) => demandsOf(settings) === demanded)
}

function demandsOf({ name: _, ...demands }: SigningPolicySettings): string {
  return canonicalJson(demands)
}
