import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Sha256Digest } from '../../domain/index.ts'
import type { ArtifactIdentity, ArtifactStore } from '../store/artifact-store.ts'
import { verifyFile } from '../store/hash-file.ts'
import { openStored, readOpened } from '../store/stored-file.ts'
import { addBuildData, type PackageBuildData } from './add-build-data.ts'

/** A package in the store. */
type StoredPackage = { readonly fileName: string; readonly sha256: Sha256Digest }

/** How the work is called off. */
type Options = { readonly signal?: AbortSignal | undefined }

/**
 * Makes another package of a stored one, with the data of its build, and stores it beside it. What is read is the file of the digest:
 * it is hashed before the first byte of the new package, and again before the last.
 *
 * @returns the new package's name in the store
 * @throws ArtifactError as `addBuildData`; as the store's `open` and `put`; `ARTIFACT_CORRUPT`
 */
export function addBuildDataToStored(
  store: Pick<ArtifactStore, 'open' | 'put'>,
  artifact: StoredPackage,
  data: PackageBuildData,
  options: Options = {},
): Promise<ArtifactIdentity> {
  return withBuildData(store, artifact, data, options, (bytes) => store.put(bytes, options))
}

/**
 * Says by which name {@link addBuildDataToStored} stores the same package with the same data; stores nothing.
 *
 * @throws ArtifactError as `addBuildData`; as the store's `open`; `ARTIFACT_CORRUPT`
 */
export function hashWithBuildData(
  store: Pick<ArtifactStore, 'open'>,
  artifact: StoredPackage,
  data: PackageBuildData,
  options: Options = {},
): Promise<ArtifactIdentity> {
  return withBuildData(store, artifact, data, options, async (bytes) => {
    const hash = createHash('sha256')
    let size = 0
    for await (const part of bytes) {
      options.signal?.throwIfAborted()
      hash.update(part)
      size += part.length
    }
    return { sha256: hash.digest('hex') as Sha256Digest, size }
  })
}

async function withBuildData(
  store: Pick<ArtifactStore, 'open'>,
  artifact: StoredPackage,
  data: PackageBuildData,
  options: Options,
  use: (bytes: AsyncIterable<Uint8Array>) => Promise<ArtifactIdentity>,
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
    return await use(verifiedAfter(bytes, file, artifact.sha256))
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
