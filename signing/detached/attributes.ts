import { z } from 'zod'
import { type DirectiveOrder, hashAlgorithms, type KeyAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'

/** The name of the file that the signature becomes, in the folder of the one that it signs. */
export const outputFileName = z
  .string()
  .regex(/^(?!\.{1,2}$)[^/\\\p{Cc}\p{Bidi_Control}]{1,255}$/u, 'must be a file name without folders')
  .meta({ title: 'name of the signature', description: 'The file that the signature becomes, beside the signed one.' })

/** The hash algorithm, SHA-256 where it is not given. */
export const hashAlgorithm = z
  .enum(hashAlgorithms)
  .default('sha256')
  .meta({ title: 'digest algorithm', description: 'What the signed bytes are hashed by.' })

/** How RSA pads: to be given for RSA keys, without meaning for others. */
export const rsaPadding = z.enum(['pkcs1', 'pss']).nullable().default(null).meta({
  title: 'RSA padding',
  description: 'RSASSA-PKCS1-v1_5 or RSASSA-PSS (RFC 8017). Mandatory for RSA keys, ignored for others.',
})

/** How RSA pads. */
export type RsaPadding = z.infer<typeof rsaPadding>

/**
 * A `checkKey` of directives: RSA keys sign by the padding that is asked for, and none is usual enough to be the default.
 *
 * @throws SigningError `RSA_PADDING_MISSING`
 */
export function requireRsaPadding(attributes: DirectiveOrder['attributes'], keyAlgorithm: KeyAlgorithm): void {
  if (!keyAlgorithm.startsWith('rsa-') || attributes['rsa-padding'] !== null) return
  throw new SigningError(
    'RSA_PADDING_MISSING',
    "The policy's key is an RSA key, and rsa-padding is missing: name the padding, pkcs1 or pss.",
  )
}
