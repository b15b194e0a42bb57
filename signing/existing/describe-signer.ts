import type { ExistingSignature } from '../../domain/index.ts'
import { readExistingTimestamp } from '../authenticode/existing-timestamp.ts'
import {
  issuerText,
  nameText,
  readableCertificates,
  shortList,
  uncoveredParts,
  unsignedAttribute,
} from '../authenticode/foreign-parts.ts'
import {
  type CertificateFields,
  checkForeignSigner,
  type ForeignSignedData,
  type ForeignSigner,
  type ForeignVerdict,
  foreignHashes,
  objectIdentifiers,
  valuesOf,
} from '../cms/index.ts'

/** Where a signer stands. */
export interface SignerContext {
  readonly signedData: ForeignSignedData
  /**
   * The signer of the SignedData, or another one that its certificates are for, such as a counter-signer; without unsigned attributes that
   * whoever asks looks at by itself.
   */
  readonly signer: ForeignSigner
  /** What the message digest must be over. */
  readonly octets: Uint8Array
  /** What the content type attribute must say; `undefined` where none is asked for. */
  readonly contentType: string | undefined
  /** Signers that the certificates are for, too. */
  readonly otherSigners?: readonly (CertificateFields | undefined)[]
}

/** A signer as plans name it, without what the file's digests say. */
export interface DescribedSigner
  extends Pick<
    Extract<ExistingSignature, { readonly kind: 'signature' }>,
    'signer' | 'issuer' | 'serialNumber' | 'digestAlgorithm' | 'timestamp' | 'uncovered'
  > {
  readonly verdict: ForeignVerdict
  readonly certificate: CertificateFields | undefined
}

/** Says who made a signature, when, and whether it is that of its certificate's key; and what travels with it that nothing covers. */
export function describeSigner(context: SignerContext): DescribedSigner {
  const { signedData, signer, octets, contentType, otherSigners = [] } = context
  const embedded = readableCertificates(signedData.certificates)
  const { certificate, verdict } = checkForeignSigner(signer, octets, contentType, embedded)
  const token = objectIdentifiers.timestampToken
  const timestamp = readExistingTimestamp(signer, embedded, token)
  const hasMoreTokens = valuesOf(signer.unsignedAttributes, token).length > 1
  const others = signer.unsignedAttributes.filter(({ type }) => type !== token)
  return {
    certificate,
    verdict,
    signer: certificate === undefined ? null : nameText(certificate.subject),
    ...issuerText(signer, certificate),
    digestAlgorithm: foreignHashes.get(signer.digestAlgorithm) ?? signer.digestAlgorithm,
    timestamp: timestamp?.described ?? null,
    uncovered: shortList([
      ...uncoveredParts(signedData, embedded, [certificate, timestamp?.counterSigner, ...otherSigners]),
      ...others.map(unsignedAttribute),
      ...(hasMoreTokens ? ['further time-stamps'] : []),
    ]),
  }
}
