import { buildSignerInfo, der, encodeAttribute, inDerOrder, messageSignerOf, objectIdentifiers } from '../cms/index.ts'
import { type SignatureRequest, signedAttributes, timestampOf } from './package-signature.ts'
import { takeApart } from './take-apart.ts'

const code = 'NUGET_EXISTING_SIGNATURE_INVALID'

/**
 * Adds the counter-signature of a repository to an author's signature, which stays as it was (RFC 5652 §11.4).
 *
 * @param existing the author's signature, a ContentInfo
 * @throws SigningError `NUGET_EXISTING_SIGNATURE_INVALID`, `NUGET_CERTIFICATE_UNSUITABLE`; whatever key and authority throw
 */
export async function countersign(existing: Uint8Array, request: SignatureRequest): Promise<Uint8Array> {
  const { means, hash } = request
  const parts = takeApart(existing, code)
  const signerInfo = await buildSignerInfo({
    signer: messageSignerOf(means.key),
    certificate: means.certificateChain[0] ?? new Uint8Array(),
    hash,
    octets: parts.signature,
    signedAttributes: signedAttributes(request),
    unsignedAttributes: (signature) => timestampOf(signature, request),
  })
  const attribute = encodeAttribute(objectIdentifiers.countersignature, signerInfo)
  const digestAlgorithm = der.sequence(der.objectIdentifier(objectIdentifiers[hash]))
  const announced = parts.digestAlgorithms.some((each) => namesSame(each, digestAlgorithm))
    ? parts.digestAlgorithms
    : [...parts.digestAlgorithms, digestAlgorithm].toSorted(Buffer.compare)
  const signedData = der.sequence(
    parts.version,
    der.element(0x31, ...announced),
    parts.content,
    der.context(0, ...inDerOrder([...parts.certificates, ...means.certificateChain])),
    der.element(
      0x31,
      der.sequence(...parts.signerFields, der.context(1, ...inPlace(parts.unsignedAttributes, attribute))),
    ),
  )
  return der.sequence(der.objectIdentifier(objectIdentifiers.signedData), der.context(0, signedData))
}

/** Whether two AlgorithmIdentifiers name the same algorithm, one of them with NULL parameters or without. */
function namesSame(one: Uint8Array, withoutParameters: Uint8Array): boolean {
  const identifier = withoutParameters.subarray(2)
  return Buffer.compare(one.subarray(2, 2 + identifier.length), identifier) === 0
}

/** Attributes in DER's order, where those that are there have it; those keep theirs. */
function inPlace(existing: readonly Uint8Array[], added: Uint8Array): readonly Uint8Array[] {
  const behind = existing.findIndex((each) => Buffer.compare(each, added) > 0)
  return behind === -1 ? [...existing, added] : existing.toSpliced(behind, 0, added)
}
