import { createHash } from 'node:crypto'
import { type Artifact, failedCheck, failedChecks, type OriginCheck, passedCheck } from '../domain/index.ts'
import type { FetchedArtifact, OriginFinding } from './connector.ts'
import { OriginError } from './origin-error.ts'

/**
 * Compares an artifact that was uploaded with the one that the build system keeps. That a build is right says nothing of bytes that
 * somebody sent along with its name: only a token of the job proves that the job sent them.
 *
 * @param fetchArtifact gets what the build system keeps
 * @param artifact what is to be signed; `null` while it is not there
 * @returns the finding with one check more; as it is where something failed already, where it was compared, or is not proved by an API
 * @throws OriginError what may pass; the signal's reason
 */
export async function withUploadCompared(
  finding: OriginFinding,
  artifact: Artifact | null,
  fetchArtifact: () => Promise<FetchedArtifact>,
  signal: AbortSignal,
): Promise<OriginFinding> {
  const { checks, proof, origin, isArtifactCompared = false } = finding
  const isOpen = proof === 'api' && origin !== null && !isArtifactCompared && failedChecks(checks).length === 0
  if (artifact === null || !isOpen) return finding
  return { ...finding, checks: [...checks, await compared(artifact, fetchArtifact, signal)] }
}

async function compared(
  artifact: Artifact,
  fetchArtifact: () => Promise<FetchedArtifact>,
  signal: AbortSignal,
): Promise<OriginCheck> {
  const name = 'artifactUploaded'
  try {
    const hash = createHash('sha256')
    const { fileName, bytes } = await fetchArtifact()
    for await (const part of bytes) {
      signal.throwIfAborted()
      hash.update(part)
    }
    const kept = hash.digest('hex')
    const values = { ofBuild: kept, uploaded: artifact.sha256, name: fileName }
    if (kept === artifact.sha256) return passedCheck(name, values)
    const message = `What was uploaded is not what the build system keeps as ${fileName}: their SHA-256 differ. Submit that artifact as the build system gives it.`
    return failedCheck(name, { code: 'ORIGIN_ARTIFACT_DIFFERENT', message }, values)
  } catch (error) {
    if (!(error instanceof OriginError) || error.isPassing) throw error
    const { code, message } = error
    return failedCheck(name, { code, message }, { uploaded: artifact.sha256 })
  }
}
