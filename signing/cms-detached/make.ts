import type { HashAlgorithm } from '../../domain/index.ts'
import {
  buildSignedData,
  encodeAttribute,
  encodeSigningCertificate,
  encodeSigningTime,
  messageSignerOf,
  objectIdentifiers,
  pssSignerOf,
} from '../cms/index.ts'
import type { RsaPadding } from '../detached/attributes.ts'
import type { DetachedMeans } from '../detached-signature.ts'
import type { FileWorkOptions } from '../signature-format.ts'

/** What is signed, and how. */
export interface DetachedCmsRequest {
  /** Of the content, by `hash`. */
  readonly digest: Uint8Array
  readonly hash: HashAlgorithm
  /** Without meaning for keys that are not RSA. */
  readonly padding: RsaPadding
}

/**
 * Makes a SignedData whose content is elsewhere (RFC 5652 §5.2), with signed attributes: without them the content could be read as
 * attributes of another signature. They name the signer's certificate (RFC 5035) and when the signer's clock says that it signed.
 * The time-stamp is an unsigned attribute over the signature's value (RFC 3161, appendix A).
 *
 * @returns the ContentInfo, DER
 * @throws SigningError `CMS_…`; what key and time-stamp authority throw
 */
export function makeDetachedCms(
  { digest, hash, padding }: DetachedCmsRequest,
  { key, certificateChain, timestamps, now }: DetachedMeans,
  { signal, onProgress }: Pick<FileWorkOptions, 'signal' | 'onProgress'>,
): Promise<Uint8Array> {
  const isPss = key.algorithm.startsWith('rsa-') && padding === 'pss'
  const [signerCertificate = new Uint8Array()] = certificateChain
  return buildSignedData({
    version: 1,
    contentType: objectIdentifiers.data,
    content: { digest },
    isDetached: true,
    signer: isPss ? pssSignerOf(key) : messageSignerOf(key),
    certificates: certificateChain,
    embedCertificates: true,
    hash,
    signedAttributes: [
      encodeAttribute(objectIdentifiers.signingTime, encodeSigningTime(now())),
      encodeAttribute(objectIdentifiers.signingCertificateV2, encodeSigningCertificate(signerCertificate)),
    ],
    ...(timestamps !== undefined && {
      unsignedAttributes: async (signature) => {
        const demand = { signature, hashAlgorithm: hash, signerCertificate, signal, onProgress }
        return [encodeAttribute(objectIdentifiers.timestampToken, await timestamps.timestamp(demand))]
      },
    }),
  })
}
