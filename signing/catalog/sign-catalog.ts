import type { FileHandle } from 'node:fs/promises'
import { makeSignature, readRange, type SignatureMeans, truncate, writeFully } from '../authenticode/index.ts'
import { objectIdentifiers } from '../cms/index.ts'
import type { DigestedCatalog } from './catalog-digestion.ts'

/**
 * Signs a copy of a catalog in its place: the list stays byte for byte, and around it is a new SignedData with one signer. Whatever
 * else stood there, such as the signature that it had, is gone.
 *
 * @throws SigningError with a `CMS_…` or `TIMESTAMP_…` code; whatever the key throws; the signal's reason
 */
export async function signCatalog(
  { handle, size }: { readonly handle: FileHandle; readonly size: number },
  { list }: DigestedCatalog,
  means: SignatureMeans,
): Promise<void> {
  const content = await readRange({ handle, size, start: Buffer.alloc(0) }, list.offset, list.length)
  const contentType = objectIdentifiers.certificateTrustList
  const signed = await makeSignature({ contentType, content, certificateOrder: 'der' }, means)
  means.signal?.throwIfAborted()
  await writeFully(handle, 0, signed)
  if (signed.length < size) await truncate(handle, signed.length)
}
