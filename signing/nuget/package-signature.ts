import {
  buildSignedData,
  der,
  encodeAttribute,
  encodeSigningCertificate,
  encodeSigningTime,
  messageSignerOf,
  objectIdentifiers,
  readCertificateFields,
  readExtendedKeyUsages,
} from '../cms/index.ts'
import type { SigningMeans } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import type { NugetOrder } from './directive.ts'
import { encodeSignatureContent } from './signature-content.ts'

/** What a signature says, and what it is made with. */
export interface SignatureRequest extends Pick<NugetOrder, 'type' | 'serviceIndexUrl' | 'owners' | 'hash'> {
  readonly means: SigningMeans
  /** When it is made. */
  readonly time: Date
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes the signature of a package that has none: a ContentInfo with SignedData.
 *
 * @param packageDigest of the package without signature, by the request's hash
 * @throws SigningError `NUGET_CERTIFICATE_UNSUITABLE`; whatever key and authority throw
 */
export async function makePackageSignature(packageDigest: Uint8Array, request: SignatureRequest): Promise<Uint8Array> {
  const { means, hash } = request
  return buildSignedData({
    version: 1,
    contentType: objectIdentifiers.data,
    content: der.octetString(encodeSignatureContent(hash, packageDigest)),
    signer: messageSignerOf(means.key),
    certificates: means.certificateChain,
    embedCertificates: true,
    certificateOrder: 'der',
    hash,
    signedAttributes: signedAttributes(request),
    unsignedAttributes: (signature) => timestampOf(signature, request),
  })
}

/**
 * The signed attributes of a package signature, beside content type and message digest: when it was made, by which certificate, and what
 * for; that of a repository also where that is, and who owns the package there.
 *
 * @throws SigningError `CMS_CERTIFICATE_MALFORMED`, `NUGET_CERTIFICATE_UNSUITABLE`
 */
export function signedAttributes(request: SignatureRequest): readonly Uint8Array[] {
  const { type, serviceIndexUrl, owners, means, time } = request
  const [leaf = new Uint8Array()] = means.certificateChain
  assertSuitable(leaf)
  const { proofOfOrigin, proofOfReceipt, nugetServiceIndexUrl, nugetPackageOwners } = objectIdentifiers
  const commitment = der.sequence(der.objectIdentifier(type === 'author' ? proofOfOrigin : proofOfReceipt))
  const url = serviceIndexUrl === null ? [] : [der.element(0x16, Buffer.from(serviceIndexUrl, 'ascii'))]
  const named = owners.length === 0 ? [] : [der.sequence(...owners.map(der.utf8String))]
  return [
    encodeAttribute(objectIdentifiers.signingTime, encodeSigningTime(time)),
    encodeAttribute(objectIdentifiers.commitmentType, commitment),
    encodeAttribute(objectIdentifiers.signingCertificateV2, encodeSigningCertificate(leaf)),
    ...url.map((value) => encodeAttribute(nugetServiceIndexUrl, value)),
    ...named.map((value) => encodeAttribute(nugetPackageOwners, value)),
  ]
}

/** The time-stamp of a signature as an unsigned attribute; none where none is asked for. */
export async function timestampOf(
  signature: Uint8Array,
  { means, hash, signal }: SignatureRequest,
): Promise<readonly Uint8Array[]> {
  if (means.timestamps === undefined) return []
  const [signerCertificate = new Uint8Array()] = means.certificateChain
  const token = await means.timestamps.timestamp({ signature, hashAlgorithm: hash, signerCertificate, signal })
  return [encodeAttribute(objectIdentifiers.timestampToken, token)]
}

/** A certificate whose signatures end with it is refused by NuGet, time-stamped or not. */
function assertSuitable(leaf: Uint8Array): void {
  const certificate = readCertificateFields(leaf, 'CMS_CERTIFICATE_MALFORMED')
  const { usages } = readExtendedKeyUsages(certificate, 'CMS_CERTIFICATE_MALFORMED')
  if (usages?.includes(objectIdentifiers.lifetimeSigning))
    throw new SigningError(
      'NUGET_CERTIFICATE_UNSUITABLE',
      'The certificate has the extended key usage lifetime signing, with which NuGet takes no package signature.',
    )
}
