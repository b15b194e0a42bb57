import type { ArtifactStore } from '../artifacts/index.ts'
import type { ShortActivities } from './contract.ts'

/** Finds an uploaded artifact in the store. Planning reads and hashes every byte of it; this only looks. */
export function retrieveArtifact(store: ArtifactStore): ShortActivities['retrieveArtifact'] {
  return async ({ sha256 }) => {
    const { size } = await store.open(sha256)
    return { sha256, size }
  }
}
