import type { HashAlgorithm } from '../../domain/index.ts'
import { objectIdentifiers } from '../cms/index.ts'

/** What a package signature signs: the version of the form, and the digest of the package without its signature. */
export function encodeSignatureContent(hash: HashAlgorithm, digest: Uint8Array): Buffer {
  return Buffer.from(`Version:1\n\n${objectIdentifiers[hash]}-Hash:${Buffer.from(digest).toString('base64')}\n\n`)
}
