import { createHash } from 'node:crypto'
import type { OriginEvidence, Sha256Digest } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { Origins } from '../origin/index.ts'
import type { FetchBuildArtifact } from '../sources/index.ts'
import { askingAboutBuild, type BuildSystemSecrets } from './ask-build-system.ts'

/**
 * What fetches artifacts of builds: from the build system that vouched for the request, asked as it is when its origin is verified.
 *
 * @throws as `askingAboutBuild`; OriginError
 */
export function buildArtifactFetcher(dependencies: {
  readonly log: EventLog
  readonly origins: Pick<Origins, 'fetchArtifact'>
  readonly secrets: Pick<BuildSystemSecrets, 'get'>
}): FetchBuildArtifact {
  return async (request, { signal = new AbortController().signal }) => {
    const { question, tools } = await askingAboutBuild(dependencies, request)
    return dependencies.origins.fetchArtifact(question, { ...tools, keep: keepNothing, signal })
  }
}

/** What is answered on the way to the artifact proves nothing: its origin is asked for when it is there. */
async function keepNothing(name: string, mediaType: string, bytes: Uint8Array): Promise<OriginEvidence> {
  const sha256 = createHash('sha256').update(bytes).digest('hex') as Sha256Digest
  return { name, mediaType, sha256, size: bytes.byteLength }
}
