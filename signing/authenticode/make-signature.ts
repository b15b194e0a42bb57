import type { HashAlgorithm } from '../../domain/index.ts'
import { buildSignedData, encodeAttribute, messageSignerOf, objectIdentifiers } from '../cms/index.ts'
import type { SigningKey } from '../signing-key.ts'
import type { TimestampClient } from '../timestamp/timestamp-client.ts'
import { encodeSignedAttributes, type ProgramDescription } from './spc.ts'

/** What a signature is made with, and what it says about the program. */
export interface SignatureMeans extends ProgramDescription {
  readonly key: SigningKey
  /** DER certificates that travel in the signature, leaf first; the leaf must be the key's. */
  readonly certificateChain: readonly Uint8Array[]
  readonly hashAlgorithm: HashAlgorithm
  /** Who counter-signs the signature with a time (RFC 3161); nobody when absent. */
  readonly timestamp?: TimestampClient
  readonly signal?: AbortSignal
}

/** What is signed. */
export interface SignedContent {
  readonly contentType: string
  /** The element inside of the explicit [0] of `encapContentInfo`. */
  readonly content: Uint8Array
  /** How the certificates stand in the signature: as they are given, or each once in DER's order of a SET OF. Default: as given. */
  readonly certificateOrder?: 'given' | 'der'
}

/**
 * Makes an Authenticode signature, a ContentInfo with SignedData of version 1, and has it time-stamped.
 *
 * @throws SigningError with a `CMS_…` or `TIMESTAMP_…` code; whatever the key throws; the signal's reason
 */
export async function makeSignature(signed: SignedContent, means: SignatureMeans): Promise<Uint8Array> {
  const { timestamp, signal, hashAlgorithm } = means
  return buildSignedData({
    version: 1,
    ...signed,
    signer: messageSignerOf(means.key),
    certificates: means.certificateChain,
    embedCertificates: true,
    hash: hashAlgorithm,
    signedAttributes: encodeSignedAttributes(means),
    ...(timestamp !== undefined && {
      unsignedAttributes: async (signature) => {
        const [signerCertificate = new Uint8Array()] = means.certificateChain
        const token = await timestamp.timestamp({ signature, hashAlgorithm, signerCertificate, signal })
        return [encodeAttribute(objectIdentifiers.spcRfc3161Timestamp, token)]
      },
    }),
  })
}
