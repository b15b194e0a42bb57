import {
  type Attribute,
  assertSigningCertificate,
  type CertificateFields,
  DerReader,
  findUncovered,
  isSame,
  issuersOf,
  objectIdentifiers,
  readAnchors,
  readCertificateFields,
  readExtendedKeyUsages,
  type SignerInfo,
  singleValue,
  subjectOf,
  validatePath,
} from '../cms/index.ts'
import type { FoundTimestamp, SignatureExpectation } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { imprintOf, type VerifiedTimestamp, verifyTimestampToken } from '../timestamp/index.ts'

/** What a signer says of a package. */
export interface SaidBySigner {
  readonly type: 'author' | 'repository'
  readonly serviceIndexUrl: string | null
  readonly owners: readonly string[]
}

/** A signer that is as it should be. */
export interface VerifiedSigner {
  readonly said: SaidBySigner
  readonly path: readonly CertificateFields[]
  readonly timestamp: FoundTimestamp | undefined
}

const area = 'NUGET'

/**
 * Verifies what a signer's attributes say, its time-stamp, and that its certificate leads to the trusted ones.
 *
 * @param leaf its certificate, under which its signature is valid
 * @throws SigningError `NUGET_…`, `NUGET_TIMESTAMP_…`, as signed messages
 */
export function verifySignerHere(
  signer: SignerInfo,
  leaf: CertificateFields,
  embedded: readonly CertificateFields[],
  expectation: SignatureExpectation,
): VerifiedSigner {
  const said = readSaid(signer)
  assertSigningCertificate(signer, leaf, area)
  assertSuitable(leaf)
  const timestamp = verifyTime(signer, expectation.trustedTimestampCertificates)
  const at = timestamp?.trusted === true ? timestamp.time : expectation.at
  const trust = readAnchors(expectation.certificateChain.slice(-1), area)
  return {
    said,
    path: validatePath({ leaf, embedded, trust, at, purpose: objectIdentifiers.codeSigning, area }),
    timestamp: timestamp && { time: timestamp.time, authority: timestamp.authority, uncovered: timestamp.uncovered },
  }
}

/**
 * Nothing may travel with the signature that is in no path.
 *
 * @param author the certificate of the author whose signature was kept, with the path that leads up from it
 * @throws SigningError `NUGET_UNSIGNED_CONTENT`
 */
export function assertAllCovered(
  embedded: readonly CertificateFields[],
  path: readonly CertificateFields[],
  { certificateChain }: Pick<SignatureExpectation, 'certificateChain'>,
  author?: CertificateFields,
): void {
  const kept = author === undefined ? [] : issuersOf(author, embedded)
  const trust = readAnchors(certificateChain.slice(-1), area)
  const stranger = findUncovered(embedded, path, trust).find((each) => !kept.some((other) => isSame(each, other)))
  if (stranger !== undefined)
    throw new SigningError(
      'NUGET_UNSIGNED_CONTENT',
      `The certificate "${subjectOf(stranger)}" in the signature is in no signer's path, so nothing covers its bytes.`,
    )
}

const known: ReadonlySet<string> = new Set([
  objectIdentifiers.contentType,
  objectIdentifiers.messageDigest,
  objectIdentifiers.signingTime,
  objectIdentifiers.commitmentType,
  objectIdentifiers.signingCertificateV2,
  objectIdentifiers.nugetServiceIndexUrl,
  objectIdentifiers.nugetPackageOwners,
])

function readSaid({ signedAttributes }: SignerInfo): SaidBySigner {
  const stranger = signedAttributes.find(({ type }) => !known.has(type))
  if (stranger !== undefined) throw invalid(`The signed attribute ${stranger.type} does not belong there`)
  const time = new DerReader(
    singleValue(signedAttributes, objectIdentifiers.signingTime, area).encoded,
    'NUGET_MALFORMED',
  )
  time.time('the signing time')
  time.end('the signing time')
  const type = readType(signedAttributes)
  const url = optionalValue(signedAttributes, objectIdentifiers.nugetServiceIndexUrl)
  const owners = optionalValue(signedAttributes, objectIdentifiers.nugetPackageOwners)
  if (type === 'author' ? url !== undefined || owners !== undefined : url === undefined)
    throw invalid('Signatures of repositories, and no others, say where the service index is and who owns the package')
  return {
    type,
    serviceIndexUrl: url === undefined ? null : readUrl(url),
    owners: owners === undefined ? [] : readOwners(owners),
  }
}

function readType(attributes: readonly Attribute[]): SaidBySigner['type'] {
  const value = singleValue(attributes, objectIdentifiers.commitmentType, area)
  const commitment = new DerReader(value.encoded, 'NUGET_MALFORMED').enter(0x30, 'the commitment')
  const identifier = commitment.objectIdentifier('the type of the commitment')
  commitment.end('the commitment')
  if (identifier === objectIdentifiers.proofOfOrigin) return 'author'
  if (identifier === objectIdentifiers.proofOfReceipt) return 'repository'
  throw invalid(`The commitment ${identifier} is neither an author's nor a repository's`)
}

function optionalValue(attributes: readonly Attribute[], type: string): Uint8Array | undefined {
  return attributes.some((each) => each.type === type) ? singleValue(attributes, type, area).encoded : undefined
}

function readUrl(value: Uint8Array): string {
  const reader = new DerReader(value, 'NUGET_MALFORMED')
  const { content } = reader.take(0x16, 'the service index')
  reader.end('the service index')
  return Buffer.from(content).toString('latin1')
}

function readOwners(value: Uint8Array): readonly string[] {
  const reader = new DerReader(value, 'NUGET_MALFORMED')
  const names = reader.enter(0x30, 'the owners').rest(1000, 'the owners')
  reader.end('the owners')
  return names.map(({ tag, content }) => {
    if (tag !== 0x0c) throw reader.fault('the owners must be UTF-8 strings')
    return new TextDecoder('utf-8').decode(content)
  })
}

function assertSuitable(leaf: CertificateFields): void {
  const { usages } = readExtendedKeyUsages(leaf, 'NUGET_MALFORMED')
  if (leaf.opened()?.key?.asymmetricKeyType !== 'rsa' || usages?.includes(objectIdentifiers.lifetimeSigning) === true)
    throw new SigningError(
      'NUGET_CERTIFICATE_UNSUITABLE',
      `NuGet takes no signature by the certificate "${subjectOf(leaf)}": its key must be RSA, and its extended key usage must not hold lifetime signing.`,
    )
}

/** NuGet takes stamps of SHA-2 imprints only (NU3030), of a time in which the authority's certificate is valid (NU3036), by RSA keys. */
function verifyTime(
  { unsignedAttributes, signature, hash }: SignerInfo,
  trustedCertificates: readonly Uint8Array[] | undefined,
): VerifiedTimestamp | undefined {
  const others = unsignedAttributes.filter(({ type }) => type !== objectIdentifiers.countersignature)
  const [attribute, another] = others
  if (attribute === undefined) return undefined
  const [value, ...more] = attribute.values
  if (attribute.type !== objectIdentifiers.timestampToken || value === undefined || more.length > 0 || another)
    throw new SigningError(
      'NUGET_UNSIGNED_CONTENT',
      `The signature has the unsigned attribute ${attribute.type}: one time-stamp may be there, and nothing else.`,
    )
  const timestamp = verifyTimestampToken({
    token: value.encoded,
    imprint: imprintOf(signature, hash),
    area: 'NUGET_TIMESTAMP',
    ...(trustedCertificates !== undefined && { trustedCertificates }),
  })
  const authority = readCertificateFields(timestamp.certificate, 'NUGET_TIMESTAMP_MALFORMED')
  if (authority.opened()?.key?.asymmetricKeyType !== 'rsa')
    throw new SigningError(
      'NUGET_TIMESTAMP_CERTIFICATE_UNSUITABLE',
      `NuGet takes time-stamps by RSA keys only, and that of "${timestamp.authority}" is of another kind. Use another authority.`,
    )
  return timestamp
}

function invalid(message: string): SigningError {
  return new SigningError('NUGET_ATTRIBUTES_INVALID', `${message}.`)
}
