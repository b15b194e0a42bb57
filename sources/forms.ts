import { z } from 'zod'
import {
  asId,
  type EntityId,
  type KnownSource,
  maximumHashes,
  type SigningRequestId,
  type TrustedBuildSystemId,
} from '../domain/index.ts'

const id = <Id extends EntityId>() =>
  z.custom<Id>((text) => typeof text === 'string' && asId(text) === text, 'must be an id')
const line = (maximum: number) => z.string().min(1).max(maximum)

/** SHA-512 in base64 has 88 characters; nothing longer is signed. */
const hash = z.base64().max(88)

/** The form of what events say of each kind of source, besides what every source says. */
export const detailForms: { readonly [Of in KnownSource as Of['kind']]: z.ZodType<Of['details']> } = {
  uploadedFile: z.strictObject({}),
  link: z.strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .refine(isBare, 'must be without user information, query and fragment'),
    headerNames: z.array(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/)).max(32),
    fetchBefore: z.iso.datetime(),
  }),
  announcedUpload: z.strictObject({ uploadBefore: z.iso.datetime() }),
  buildArtifact: z.strictObject({
    trustedBuildSystemId: id<TrustedBuildSystemId>(),
    connector: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
    build: z.record(z.string().regex(/^[a-z][A-Za-z0-9]{0,63}$/), line(1_024)),
    artifact: line(1_024),
  }),
  hashPayload: z.strictObject({
    signatureAlgorithm: z.enum(['RsaPkcs1', 'RsaPss', 'Ecdsa']),
    hashAlgorithm: z.enum(['sha1', 'sha256', 'sha384', 'sha512']).nullable(),
    signatureFormat: z.enum(['ieee', 'asn1']).nullable(),
    hashes: z.array(hash).min(1).max(maximumHashes),
    metadata: z
      .string()
      .max(64 * 1024)
      .nullable(),
  }),
  earlierRequest: z.strictObject({ signingRequestId: id<SigningRequestId>() }),
}

/** Whether an address holds nothing that may be secret. */
function isBare(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && `${url.username}${url.password}${url.search}${url.hash}` === ''
}
