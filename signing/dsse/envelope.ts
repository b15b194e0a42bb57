/** One signature of an envelope. */
export type EnvelopeSignature = {
  /** Says which key may have made it, for finding one among many. Nothing signed covers it, so nothing is decided by it. */
  readonly keyid: string
  /** Base64. */
  readonly sig: string
}

/** A DSSE envelope (Dead Simple Signing Envelope v1.0), as its JSON is. */
export type Envelope = {
  /** Base64 of the very bytes that were signed. */
  readonly payload: string
  readonly payloadType: string
  readonly signatures: readonly EnvelopeSignature[]
}

/** What the pre-authentication encoding of DSSE v1.0 has before the payload, when an envelope is signed. */
export function beforePayload(payloadType: string, payloadSize: number): Buffer {
  return Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payloadSize} `, 'utf8')
}
