import type { FileHandle } from 'node:fs/promises'
import type { AttributeValue, ContentDigest, SigningDirective } from '../domain/index.ts'

/** A file that is open for reading. */
export interface OpenFile {
  readonly handle: FileHandle
  /** Bytes. */
  readonly size: number
  /** Its own file name. */
  readonly name: string
}

/** What a signed file must be, and whom to trust. */
export interface SignatureExpectation {
  /** Its own file name. */
  readonly fileName: string
  readonly directives: readonly SigningDirective[]
  /** SHA-256 of each signature that was there before and must be there unchanged, as {@link ExistingSignature} counts it. */
  readonly kept: readonly string[]
  /** The certificate as configured: DER, leaf first, with its root or without. Where it ends, trust does. */
  readonly certificateChain: readonly Uint8Array[]
  /** DER certificates that time-stamps must lead to; `undefined`: any authority is taken. */
  readonly trustedTimestampCertificates: readonly Uint8Array[] | undefined
  /** When certificates must be valid where no trusted time-stamp says when the file was signed. */
  readonly at: Date
}

/** A directive as a signed file shows that it was carried out. */
export interface FoundDirective {
  readonly directive: string
  /** All but the untraceable ones. */
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly contentDigests: readonly ContentDigest[]
  /** That of the key that made the signature: DER, or an OpenPGP certificate's binary form as it was expected. */
  readonly signerCertificate: Uint8Array
  /** The certificates that travel in the signature, DER, in their order. */
  readonly certificates: readonly Uint8Array[]
  readonly timestamp: FoundTimestamp | undefined
}

/** The time-stamp of a signature. */
export interface FoundTimestamp {
  readonly time: Date
  /** Subject of the authority's certificate. */
  readonly authority: string
  /** What the authority sent along that nothing signed covers, so that anything could stand there: a text for each. */
  readonly uncovered: readonly string[]
}
