import type { FileHandle } from 'node:fs/promises'
import {
  type AuthenticodeDirective,
  type ExistingSignature,
  type FileSigned,
  Refusal,
  type SigningPlan,
} from '../domain/index.ts'
import { type VerifyOptions, verifyOpenPeFile } from '../signing/authenticode/index.ts'
import { readCertificate } from '../signing/x509/index.ts'

/** What a signed file was to be. */
export type SignaturePromise = {
  readonly plan: Pick<SigningPlan, 'timestamp' | 'certificateThumbprint'>
  readonly directive: AuthenticodeDirective
  /** The signatures that the file had. */
  readonly existingSignatures: readonly ExistingSignature[]
  /** The certificate as it is configured: DER, leaf first, with its root or without. */
  readonly certificateChain: readonly Uint8Array[]
  /** DER certificates that time-stamps must lead to; `undefined`: any authority is taken. */
  readonly trustedTimestampCertificates: readonly Uint8Array[] | undefined
}

/** The time-stamp of a signature, as an event says it; `null` when it has none. */
export type SignedTime = FileSigned['data']['timestamp']

/**
 * Law 7: what leaves is checked, by code written apart from the code that signed. The file must have exactly the signatures
 * that the plan promised, those that it had untouched, and the new one must be as it was planned in everything.
 *
 * @throws Refusal `SIGNATURE_NOT_AS_PLANNED`, naming the promise that was broken
 * @throws SigningError `AUTHENTICODE_KEPT_SIGNATURE_CHANGED` when there are others than the plan says, or other ones;
 *   `AUTHENTICODE_…` when the signature is not valid
 */
export async function checkSignedFile(
  file: FileHandle,
  promise: SignaturePromise,
  options: Pick<VerifyOptions, 'signal' | 'passes' | 'onProgress' | 'at'>,
): Promise<SignedTime> {
  const { plan, directive, existingSignatures, certificateChain, trustedTimestampCertificates } = promise
  const [added] = await verifyOpenPeFile(file, {
    ...options,
    // Those that were there before are others': they must be as they were.
    kept: existingSignatures.filter(({ outcome }) => outcome === 'kept').map(({ sha256 }) => sha256),
    // Where the configured chain ends, trust does: an authority's own certificate need not travel along.
    trustedCertificates: certificateChain.slice(-1),
    ...(trustedTimestampCertificates !== undefined && { trustedTimestampCertificates }),
  })
  if (added === undefined) throw notAsPlanned('the number of signatures')
  const { timestamp } = added
  const isRequired = plan.timestamp === 'required'
  const promises = {
    'the certificate': readCertificate(added.signerCertificate).thumbprintSha256 === plan.certificateThumbprint,
    'the certificate chain': isSameChain(added.certificates, certificateChain),
    'the digest algorithm': added.digestAlgorithm === directive.hashAlgorithm,
    'the digest': Buffer.from(added.imageDigest).toString('hex') === directive.contentDigest,
    'the description': (added.description ?? null) === directive.description,
    'the URL': (added.descriptionUrl ?? null) === directive.descriptionUrl,
    'the time-stamp': (timestamp !== undefined) === isRequired,
  }
  const broken = Object.entries(promises).find(([, holds]) => !holds)?.[0]
  if (broken !== undefined) throw notAsPlanned(broken)
  if (timestamp === undefined) return null
  const { time, authority, uncovered } = timestamp
  return { time: time.toISOString(), authority, uncovered }
}

function notAsPlanned(promise: string): Refusal {
  return new Refusal(
    'SIGNATURE_NOT_AS_PLANNED',
    `The signature that was made is not the planned one: ${promise} is not as the plan says. It was thrown away.`,
    { promise },
  )
}

function isSameChain(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((each, index) => Buffer.from(other[index] ?? []).equals(each))
}
