import type { FileHandle } from 'node:fs/promises'
import type { Sha256Digest } from '../../domain/index.ts'
import type { ArtifactIdentity, ArtifactStore } from '../store/artifact-store.ts'
import { verifyFile } from '../store/hash-file.ts'
import { openStored, readOpened } from '../store/stored-file.ts'
import { addBuildData, type PackageBuildData } from './add-build-data.ts'

/** Whether a file is a NuGet package, as its users name it. */
export function isNuGetPackage(fileName: string): boolean {
  return /\.nupkg$/i.test(fileName)
}

/**
 * Makes another package of a stored one, with the data of its build, and stores it beside it. What is read is the file of the digest:
 * it is hashed before the first byte of the new package, and again before the last.
 *
 * @returns the new package's name in the store
 * @throws ArtifactError as `addBuildData`; as the store's `open` and `put`; `ARTIFACT_CORRUPT`
 */
export async function addBuildDataToStored(
  store: Pick<ArtifactStore, 'open' | 'put'>,
  artifact: { readonly fileName: string; readonly sha256: Sha256Digest },
  data: PackageBuildData,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ArtifactIdentity> {
  const stored = await store.open(artifact.sha256)
  const file = await openStored(stored)
  try {
    await verifyFile(file, artifact.sha256, options)
    const read = async (start: number, length: number) => {
      const parts: Uint8Array[] = []
      for await (const part of readOpened(file, stored, { start, end: start + length })) parts.push(part)
      return Buffer.concat(parts)
    }
    const bytes = await addBuildData({ size: stored.size, read }, artifact.fileName, data)
    return await store.put(verifiedAfter(bytes, file, artifact.sha256), options)
  } finally {
    await file.close()
  }
}

async function* verifiedAfter(
  bytes: AsyncIterable<Uint8Array>,
  file: FileHandle,
  sha256: Sha256Digest,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* bytes
  await verifyFile(file, sha256)
}
