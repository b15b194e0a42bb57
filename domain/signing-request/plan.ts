import type { Sha256Digest } from '../digest.ts'
import type { ExistingSignature } from '../existing-signatures.ts'
import type { CertificateId, ProjectId, SigningPolicyId, SigningRequestId } from '../ids.ts'
import type { SigningDirective } from '../signing-directive.ts'

/** One file that will be signed. */
export type PlannedFile = {
  /** Where in the artifact; the artifact's own file name for the artifact itself. */
  readonly path: string
  /** What its bytes were recognized as, such as `pe`. */
  readonly format: string
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
  /** The signatures that it carries already, and what becomes of each. */
  readonly existingSignatures: readonly ExistingSignature[]
  /** What will be done to it, in this order. */
  readonly directives: readonly SigningDirective[]
}

/**
 * What will be signed, how, with what and by which rules. Approvers agree to its digest (law 2); it names the request,
 * so an approval cannot be used for another.
 */
export type SigningPlan = {
  readonly schemaVersion: 1
  readonly signingRequestId: SigningRequestId
  readonly projectId: ProjectId
  readonly signingPolicyId: SigningPolicyId
  readonly signingPolicyVersion: number
  readonly certificateId: CertificateId
  /** SHA-256 of the signing certificate's DER, hexadecimal. */
  readonly certificateThumbprint: string
  readonly timestamp: 'required' | 'none'
  readonly files: readonly PlannedFile[]
}

/**
 * The plan as the text whose SHA-256 (over UTF-8) is the plan digest: JSON with sorted keys and no white space. It
 * holds strings, whole numbers, booleans and null only, so this is RFC 8785's canonical form.
 */
export function canonicalPlan(plan: SigningPlan): string {
  return canonicalJson(plan)
}

/** JSON with sorted keys and no white space (RFC 8785 for strings, safe integers, booleans, null, arrays and objects). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value)
}
