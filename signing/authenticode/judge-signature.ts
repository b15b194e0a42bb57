import { createHash } from 'node:crypto'
import type { ExistingSignature } from '../../domain/index.ts'
import {
  type CertificateFields,
  checkForeignSigner,
  type ForeignSignedData,
  type ForeignSigner,
  judgePath,
  objectIdentifiers,
} from '../cms/index.ts'
import type { ForeignSignature, ForeignTimestamp, ForeignTrust } from '../foreign-verifier.ts'
import { readExistingTimestamp, type TimestampOfSignature } from './existing-timestamp.ts'
import { nameText, readableCertificates, shortList } from './foreign-parts.ts'

/** A signature as a plan would name it. */
export type DescribedSignature = Extract<ExistingSignature, { readonly kind: 'signature' }>

/** Which signer of SignedData is judged; without anything its own, as Authenticode has it. */
export interface JudgedSigner {
  /** A counter-signer, whose certificates are those of the SignedData. */
  readonly counterSigner?: { readonly signer: ForeignSigner; readonly octets: Uint8Array }
  /** The unsigned attribute in which the format has time-stamps. */
  readonly tokenAttribute?: string
}

/**
 * Judges a signature that somebody else made, as others would: `osslsigncode verify` has the same verdict, and says nothing about what is
 * weak.
 *
 * @param described the same signature, as a plan names it for this file
 */
export function judgeSignature(
  signedData: ForeignSignedData,
  described: DescribedSignature,
  trust: ForeignTrust,
  { counterSigner, tokenAttribute }: JudgedSigner = {},
): ForeignSignature {
  const embedded = readableCertificates(signedData.certificates)
  const { signer, octets } = counterSigner ?? { signer: signedData.signer, octets: signedData.content.octets }
  const contentType = counterSigner === undefined ? signedData.contentType : undefined
  const { certificate } = checkForeignSigner(signer, octets, contentType, embedded)
  const timestamp = judgeTimestamp(readExistingTimestamp(signer, embedded, tokenAttribute), trust)
  const at = timestamp?.found.isTrusted === true ? new Date(timestamp.found.time) : trust.at
  const { trustedCertificates, trustedThumbprints = [] } = trust
  const known = embedded.filter(({ encoded }) => trustedThumbprints.includes(sha256Of(encoded)))
  const anchors = [...readableCertificates(trustedCertificates), ...known]
  const path =
    certificate === undefined
      ? { fault: 'the certificate of its signer is not there', weaknesses: [] }
      : judgePath({ leaf: certificate, embedded, anchors, at, purpose: objectIdentifiers.codeSigning })
  const { place, depth, integrity, digestAlgorithm } = described
  const broken = faultOf(integrity)
  const fault = broken ?? path.fault
  return {
    place,
    depth,
    integrity,
    digestAlgorithm,
    verdict: broken !== undefined ? 'invalid' : fault !== undefined ? 'untrusted' : 'valid',
    reason: fault === undefined ? null : `${fault.charAt(0).toUpperCase()}${fault.slice(1)}.`,
    signer: certificate === undefined ? null : nameText(certificate.subject),
    signerCertificate: certificate?.encoded ?? null,
    timestamp: timestamp?.found ?? null,
    weaknesses: shortList([
      ...weaknessesOf(signedData, described),
      ...path.weaknesses,
      ...(timestamp === undefined ? ['It has no time-stamp: it ends with its certificate.'] : timestamp.weaknesses),
    ]),
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function faultOf(integrity: DescribedSignature['integrity']): string | undefined {
  switch (integrity) {
    case 'intact':
      return undefined
    case 'fileChanged':
      return 'the file was changed after it was signed'
    case 'invalid':
      return "it was not made by its certificate's key"
    case 'unchecked':
      return 'it uses an algorithm that is not known, or has no certificate'
  }
}

const weakHashes: ReadonlySet<string> = new Set(['md5', 'sha1'])

function weaknessesOf(
  { content, contentType, version }: ForeignSignedData,
  { digestAlgorithm, uncovered }: DescribedSignature,
): readonly string[] {
  const isWrapped = contentType === objectIdentifiers.spcIndirectData && content.encoded[0] === 0x04
  return [
    ...(weakHashes.has(digestAlgorithm) ? [`It digests the file by ${digestAlgorithm.toUpperCase()}.`] : []),
    ...(isWrapped
      ? [`It is not in the standard form: its content stands in an OCTET STRING, SignedData has version ${version}.`]
      : []),
    ...uncovered.map((part) => `Nothing signed covers ${part}.`),
  ]
}

interface JudgedTimestamp {
  readonly found: ForeignTimestamp
  readonly weaknesses: readonly string[]
}

function judgeTimestamp(found: TimestampOfSignature | undefined, trust: ForeignTrust): JudgedTimestamp | undefined {
  if (found === undefined) return undefined
  const { described, certificate, certificates, hash } = found
  const anchors = readableCertificates(trust.trustedTimestampCertificates ?? trust.trustedCertificates)
  const path =
    certificate === undefined
      ? { fault: 'the certificate of its authority is not there', weaknesses: [] }
      : pathOfAuthority(certificate, certificates, anchors, new Date(described.time))
  const fault =
    described.integrity === 'intact' ? path.fault : 'it is not for this signature, or its key did not make it'
  const reason = fault === undefined ? null : `Its time-stamp does not count: ${fault}.`
  return {
    found: { ...described, isTrusted: fault === undefined, reason },
    weaknesses: [
      ...(reason === null ? [] : [reason]),
      ...(described.kind === 'countersignature' ? ['Its time-stamp is a counter-signature from before RFC 3161.'] : []),
      ...(hash !== undefined && weakHashes.has(hash) ? [`Its time-stamp digests by ${hash.toUpperCase()}.`] : []),
      ...path.weaknesses,
      ...described.uncovered.map((part) => `In its time-stamp nothing signed covers ${part}.`),
    ],
  }
}

function pathOfAuthority(
  leaf: CertificateFields,
  embedded: readonly CertificateFields[],
  anchors: readonly CertificateFields[],
  at: Date,
) {
  return judgePath({ leaf, embedded, anchors, at, purpose: objectIdentifiers.timeStamping })
}

/** Bytes in the place of a signature that are none. */
export function judgeUnreadable({ place, depth, ...unreadable }: ExistingSignature): ForeignSignature {
  const reason = unreadable.kind === 'unreadable' ? unreadable.reason : ''
  return {
    place,
    depth,
    verdict: 'invalid',
    reason: `It cannot be read: ${reason}`,
    integrity: 'unchecked',
    signer: null,
    signerCertificate: null,
    digestAlgorithm: null,
    timestamp: null,
    weaknesses: [],
  }
}
