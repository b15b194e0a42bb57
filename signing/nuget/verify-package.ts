import type { FileHandle } from 'node:fs/promises'
import type { ContentDigest, HashAlgorithm } from '../../domain/index.ts'
import {
  parseSignedData,
  parseSignerInfo,
  readCertificateFields,
  verifyCountersigner,
  verifySigner,
} from '../cms/index.ts'
import type { FileWorkOptions, FoundTimestamp, SignatureExpectation } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { openPackage } from './open-package.ts'
import { verifyContent } from './verify-content.ts'
import { separate } from './verify-kept.ts'
import { assertAllCovered, type SaidBySigner, verifySignerHere } from './verify-signer.ts'

/** A package whose signature is as it should be. */
export interface VerifiedPackage extends SaidBySigner {
  /** By which the signer's attributes were digested. */
  readonly hash: HashAlgorithm
  /** Of the package without its signature, as that states it. */
  readonly packageDigest: Omit<ContentDigest, 'content'>
  /** DER, the signer's. */
  readonly signerCertificate: Uint8Array
  /** DER, those of the signer that travel in it, in their order. */
  readonly certificates: readonly Uint8Array[]
  readonly timestamp: FoundTimestamp | undefined
}

const area = 'NUGET'

/**
 * Verifies a package that was signed here: by an author or a repository alone, or by a repository on the signature of an author, which must be
 * the one that was there.
 *
 * @throws SigningError `NUGET_NOT_SIGNED`, `NUGET_CONTENT_CHANGED`, `NUGET_KEPT_SIGNATURE_CHANGED`, `NUGET_SIGNATURE_ENTRY_INVALID`; as
 *   signed messages; those of reading packages and archives
 */
export async function verifyPackage(
  handle: FileHandle,
  expectation: SignatureExpectation,
  options: FileWorkOptions,
): Promise<VerifiedPackage> {
  const { size } = await handle.stat()
  const opened = await openPackage({ handle, size }, options)
  const { signature } = opened
  if (signature === undefined) throw new SigningError('NUGET_NOT_SIGNED', 'The package carries no signature.')
  const signedData = parseSignedData(signature.bytes, area)
  if (signedData.hasRevocationLists || signedData.hasAttributeCertificates)
    throw new SigningError(
      'NUGET_UNSIGNED_CONTENT',
      'The signature carries revocation lists or attribute certificates, which it does not cover.',
    )
  const embedded = signedData.certificates.map((each) => readCertificateFields(each, 'NUGET_MALFORMED'))
  const primary = verifySigner(signedData, embedded, area)
  const packageDigest = await verifyContent(opened, signedData, options)
  const [kept, ...more] = expectation.kept
  if (kept === undefined) {
    const found = verifySignerHere(signedData.signer, primary, embedded, expectation)
    assertAllCovered(embedded, found.path, expectation)
    const { said, timestamp } = found
    const { certificates } = signedData
    const { hash } = signedData.signer
    return { ...said, hash, packageDigest, signerCertificate: primary.encoded, certificates, timestamp }
  }
  const { identity, countersignatures } = separate(signature.bytes)
  const [counterSignature, another] = countersignatures
  if (more.length > 0 || kept !== identity || counterSignature === undefined || another !== undefined)
    throw new SigningError(
      'NUGET_KEPT_SIGNATURE_CHANGED',
      "The package must have its author's signature as it was, and one counter-signature.",
    )
  const counter = parseSignerInfo(counterSignature, area)
  const leaf = verifyCountersigner(counter, signedData.signer.signature, embedded, area)
  const { said, timestamp, path } = verifySignerHere(counter, leaf, embedded, expectation)
  if (said.type !== 'repository')
    throw new SigningError('NUGET_ATTRIBUTES_INVALID', 'A counter-signature must be that of a repository.')
  assertAllCovered(embedded, path, expectation, primary)
  // Those of the author travel with them.
  const certificates = signedData.certificates.filter((each) =>
    expectation.certificateChain.some((configured) => Buffer.compare(configured, each) === 0),
  )
  return { ...said, hash: counter.hash, packageDigest, signerCertificate: leaf.encoded, certificates, timestamp }
}
