import { createHash } from 'node:crypto'
import type { ExistingTimestamp } from '../../domain/index.ts'
import {
  type CertificateFields,
  checkForeignSigner,
  DerReader,
  type ForeignSigner,
  type ForeignVerdict,
  foreignHashes,
  objectIdentifiers,
  readAlgorithm,
  readForeignSignedData,
  readForeignSigner,
  valuesOf,
} from '../cms/index.ts'
import { nameText, readableCertificates, shortList, uncoveredParts, unsignedAttribute } from './foreign-parts.ts'

/** The time-stamp of a signature that was there before. */
export interface TimestampOfSignature {
  readonly described: ExistingTimestamp
  /** The certificate of a counter-signer, which is among the signature's own. */
  readonly counterSigner: CertificateFields | undefined
  /** The authority's certificate, if it is there, and those among which it was. */
  readonly certificate: CertificateFields | undefined
  readonly certificates: readonly CertificateFields[]
  /** What it digests by; `undefined` for an algorithm that is not known. */
  readonly hash: string | undefined
}

const code = 'AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED'

/** The unsigned attribute that each kind of time-stamp is the value of. */
export const timestampAttributes = {
  rfc3161: objectIdentifiers.spcRfc3161Timestamp,
  countersignature: objectIdentifiers.countersignature,
} as const satisfies Record<ExistingTimestamp['kind'], string>

/**
 * Reads the time-stamp of a signature: an RFC 3161 token, or else a counter-signature.
 *
 * @param certificates the signature's certificates, among which a counter-signer's is
 * @param tokenAttribute the unsigned attribute in which the format has tokens
 * @returns `undefined` when it has none that can be read
 */
export function readExistingTimestamp(
  signer: ForeignSigner,
  certificates: readonly CertificateFields[],
  tokenAttribute: string = timestampAttributes.rfc3161,
): TimestampOfSignature | undefined {
  const [token] = valuesOf(signer.unsignedAttributes, tokenAttribute)
  const [counterSignature] = valuesOf(signer.unsignedAttributes, timestampAttributes.countersignature)
  try {
    if (token !== undefined) return readToken(token, signer)
    return counterSignature && readCounterSignature(counterSignature, signer, certificates)
  } catch {
    return undefined
  }
}

/** RFC 3161 §2.4.2. */
function readToken(token: Uint8Array, { signature }: ForeignSigner): TimestampOfSignature {
  const signedData = readForeignSignedData(token, code)
  const embedded = readableCertificates(signedData.certificates)
  const { certificate, verdict } = checkForeignSigner(
    signedData.signer,
    signedData.content.octets,
    objectIdentifiers.timestampInfo,
    embedded,
  )
  const info = new DerReader(signedData.content.octets, code).enter(0x30, 'TSTInfo')
  info.integer('the version of TSTInfo')
  info.objectIdentifier('the policy of TSTInfo')
  const imprint = info.enter(0x30, 'the imprint of TSTInfo')
  const hash = foreignHashes.get(readAlgorithm(imprint, 'the hash algorithm of the imprint'))
  const imprinted = imprint.take(0x04, 'the digest of the imprint').content
  info.take(0x02, 'the serial number of TSTInfo')
  const time = info.time('genTime of TSTInfo').toISOString()
  const unsigned = signedData.signer.unsignedAttributes.map(unsignedAttribute)
  return {
    described: {
      kind: 'rfc3161',
      time,
      authority: certificate === undefined ? null : nameText(certificate.subject),
      integrity:
        hash === undefined ? 'unchecked' : isDigest(hash, signature, imprinted) ? integrityOf(verdict) : 'invalid',
      uncovered: shortList([...uncoveredParts(signedData, embedded, [certificate]), ...unsigned]),
    },
    counterSigner: undefined,
    certificate,
    certificates: embedded,
    hash,
  }
}

/** RFC 5652 §11.4: a signer of the signature's value, who states the time as a signed attribute. */
function readCounterSignature(
  encoded: Uint8Array,
  { signature }: ForeignSigner,
  certificates: readonly CertificateFields[],
): TimestampOfSignature | undefined {
  const signer = readForeignSigner(encoded, code)
  const [stated] = valuesOf(signer.signedAttributes, objectIdentifiers.signingTime)
  if (stated === undefined) return undefined
  const time = new DerReader(stated, code).time('the signing time').toISOString()
  const { certificate, verdict } = checkForeignSigner(signer, signature, undefined, certificates)
  return {
    described: {
      kind: 'countersignature',
      time,
      authority: certificate === undefined ? null : nameText(certificate.subject),
      integrity: integrityOf(verdict),
      uncovered: shortList([...signer.uncovered, ...signer.unsignedAttributes.map(unsignedAttribute)]),
    },
    counterSigner: certificate,
    certificate,
    certificates,
    hash: foreignHashes.get(signer.digestAlgorithm),
  }
}

function integrityOf(verdict: ForeignVerdict): ExistingTimestamp['integrity'] {
  return verdict === 'valid' ? 'intact' : verdict
}

function isDigest(hash: string, bytes: Uint8Array, digest: Uint8Array): boolean {
  return createHash(hash).update(bytes).digest().equals(digest)
}
