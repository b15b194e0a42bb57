import type { ExistingTimestamp, SignatureIntegrity } from '../domain/index.ts'
import type { OpenFile } from './detached-signature.ts'
import type { FileWorkOptions } from './signature-format.ts'

/**
 * Judges the signatures that others made on files of some formats: a verification directive of artifact configurations. Its rules are
 * those that such signatures are read by elsewhere, and not ours for what is made here: what is weak is said, not refused.
 */
export interface ForeignVerifier {
  /** The directive's name, such as `authenticode-verify`. */
  readonly directive: string
  /** Names of the signature formats whose files it verifies. */
  readonly formats: readonly string[]

  /**
   * Judges all signatures of a file.
   *
   * @throws SigningError when the file itself cannot be read as one of its format; the signal's reason
   */
  verify(file: OpenFile, trust: ForeignTrust, options: FileWorkOptions): Promise<ForeignVerdict>
}

/** Whom to trust, and when. Plain data: it goes to the threads that read what others made. */
export interface ForeignTrust {
  /** DER certificates that signers must lead to. */
  readonly trustedCertificates: readonly Uint8Array[]
  /**
   * SHA-256 of DER certificates, hexadecimal, that signers may lead to as well: for whoever knows a certificate by its digest alone, and
   * finds it in the signature.
   */
  readonly trustedThumbprints?: readonly string[]
  /** DER certificates that time-stamp authorities must lead to; default: those of the signers. */
  readonly trustedTimestampCertificates?: readonly Uint8Array[]
  /** When certificates must be valid where no trusted time-stamp says when the file was signed. */
  readonly at: Date
}

/** What was found of a file's signatures. */
export interface ForeignVerdict {
  /** Whether the file carries a signature, and each of them is valid. */
  readonly isAccepted: boolean
  /** Each, followed by those nested in it. */
  readonly signatures: readonly ForeignSignature[]
}

/** A signature that somebody else made, and what it is worth. */
export interface ForeignSignature {
  /** Where it stands, as in plans. */
  readonly place: string
  readonly depth: number
  /**
   * `valid`: it is for these bytes, and its certificate was valid and led to a trusted one when it was made. `untrusted`: it is for these
   * bytes, and the certificate did not. `invalid`: it is for other bytes, or is no signature.
   */
  readonly verdict: 'valid' | 'untrusted' | 'invalid'
  /** Why it is not valid: a sentence. */
  readonly reason: string | null
  readonly integrity: SignatureIntegrity
  /** Subject of the certificate, RFC 4514, and the certificate, DER; `null` when it is not there. */
  readonly signer: string | null
  readonly signerCertificate: Uint8Array | null
  /** Such as `sha256`; the object identifier of an algorithm that we do not know. */
  readonly digestAlgorithm: string | null
  readonly timestamp: ForeignTimestamp | null
  /** What is weak about it, though others accept it: a sentence for each. */
  readonly weaknesses: readonly string[]
}

/** The time-stamp of a signature that somebody else made. */
export interface ForeignTimestamp extends ExistingTimestamp {
  /** Whether it is for this signature and leads to a trusted authority, so that its time counts. */
  readonly isTrusted: boolean
  /** Why it is not trusted: a sentence. */
  readonly reason: string | null
}
