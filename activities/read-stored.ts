import { ArtifactError, type ArtifactStore, createVerifiedReader } from '../artifacts/index.ts'
import type { Sha256Digest } from '../domain/index.ts'

/**
 * Reads a stored file whole, if it is not too long: the bytes of the digest, and none that somebody has put in their place.
 *
 * @param most bytes
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`, `ARTIFACT_TOO_LARGE`, `ARTIFACT_STORE_…`
 */
export async function readStored(
  store: Pick<ArtifactStore, 'open'>,
  sha256: Sha256Digest,
  most: number,
): Promise<Buffer> {
  const { size } = await store.open(sha256)
  if (size > most)
    throw new ArtifactError('ARTIFACT_TOO_LARGE', `The file ${sha256} has ${size} bytes; ${most} are read at the most.`)
  const parts: Uint8Array[] = []
  for await (const part of createVerifiedReader(store).read(sha256)) parts.push(part)
  return Buffer.concat(parts)
}
