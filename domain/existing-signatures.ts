import type { Instant } from './event.ts'
import { Refusal } from './refusal.ts'

/**
 * What is done with a file that is signed already.
 * - `replace`: its signatures are removed, and only the new one remains.
 * - `append`: they are kept byte for byte, and the new one is added to them.
 * - `refuse`: the request fails; a file that carries no signature is signed.
 */
export type ExistingSignatureTreatment = (typeof existingSignatureTreatments)[number]

/** Every treatment of files that are signed already. */
export const existingSignatureTreatments = ['replace', 'append', 'refuse'] as const

/**
 * Checks what a signing policy allows: one treatment or more, each once. The first is what happens to a submission that
 * does not choose.
 *
 * @throws Refusal `EXISTING_SIGNATURES_INVALID`
 */
export function checkTreatments(allowed: readonly ExistingSignatureTreatment[]): void {
  const known: readonly string[] = existingSignatureTreatments
  if (
    allowed.length === 0 ||
    new Set(allowed).size !== allowed.length ||
    !allowed.every((each) => known.includes(each))
  )
    throw new Refusal(
      'EXISTING_SIGNATURES_INVALID',
      `A signing policy allows one or more of ${known.join(', ')} for files that are signed already, each once.`,
    )
}

/**
 * The treatment that a submission gets: the one it asks for, or the policy's first when it does not ask (`null`).
 *
 * @throws Refusal `EXISTING_SIGNATURES_NOT_ALLOWED`
 */
export function chosenTreatment(
  allowed: readonly ExistingSignatureTreatment[],
  asked: ExistingSignatureTreatment | null,
): ExistingSignatureTreatment {
  const chosen = asked ?? allowed[0]
  if (chosen === undefined || !allowed.includes(chosen))
    throw new Refusal(
      'EXISTING_SIGNATURES_NOT_ALLOWED',
      `The signing policy does not allow "${chosen}" for files that are signed already; it allows: ${allowed.join(', ')}.`,
      { allowed },
    )
  return chosen
}

/**
 * Whether a signature that was there before fits: `intact` when its digest is the file's and its certificate's key signed
 * it; `fileChanged` when the digest is another; `invalid` when its certificate's key did not sign it; `unchecked` when it
 * uses an algorithm that we do not know, or its certificate is not there. Whether anybody trusts the certificate is not
 * judged: everybody can make one in any name.
 */
export type SignatureIntegrity = 'intact' | 'fileChanged' | 'invalid' | 'unchecked'

/** The time-stamp of a signature that was there before. */
export type ExistingTimestamp = {
  /** `countersignature`: that of RFC 5652 §11.4, with a signing time, as before there was RFC 3161. */
  readonly kind: 'rfc3161' | 'countersignature'
  readonly time: Instant
  /** Subject of the authority's certificate, as the signature has it; `null` when that certificate is not there. */
  readonly authority: string | null
  /** Whether it is for this signature, and its certificate's key signed it. */
  readonly integrity: Exclude<SignatureIntegrity, 'fileChanged'>
  /** What came along that nothing signed covers, so that anything could stand there: a text for each. */
  readonly uncovered: readonly string[]
}

/** A signature that a file carries before it is signed here. */
export type ExistingSignature = {
  /** What becomes of it. */
  readonly outcome: 'kept' | 'replaced'
  /** Where it stands, as its format calls it: `certificate table`, `nested signature`, the name of a signature file … */
  readonly place: string
  /** 0 when it stands by itself; 1 when it is inside of the one before it that has the depth 0; and so on. */
  readonly depth: number
  /**
   * SHA-256, hexadecimal, over what its format takes for the signature itself, so that it stays the same when others are
   * added: of SignedData its ContentInfo without the signatures nested in it. Of what cannot be read, over all of its bytes.
   */
  readonly sha256: string
} & (
  | {
      readonly kind: 'signature'
      /** Who made it, as it says: subject of the signer's certificate, RFC 4514; `null` when that certificate is not there. */
      readonly signer: string | null
      /** Issuer of that certificate, RFC 4514, and its serial number, hexadecimal; `null` when the signature names neither. */
      readonly issuer: string | null
      readonly serialNumber: string | null
      /** Such as `sha256` and `sha1`; the object identifier of an algorithm that we do not know. */
      readonly digestAlgorithm: string
      readonly integrity: SignatureIntegrity
      readonly timestamp: ExistingTimestamp | null
      /** What is in it that nothing signed covers, the time-stamp's apart: a text for each. */
      readonly uncovered: readonly string[]
    }
  | {
      /** Bytes in the place of a signature that are none that we can read. */
      readonly kind: 'unreadable'
      readonly reason: string
    }
)
