import {
  currentVersion,
  hasPermission,
  Refusal,
  relationsToPolicy,
  signingPolicyDecider,
  streams,
} from '../domain/index.ts'
import type { Caller } from './caller.ts'
import { load } from './load.ts'
import type { ApplicationDependencies, Upload } from './ports.ts'
import { principalFor } from './principals.ts'

/** What is known of an upload before its first byte. */
export type AdmitUploadInput = {
  /** Bytes; `undefined` when they are not known. */
  readonly size: number | undefined
}

/** An upload. */
export type UploadArtifactInput = {
  readonly fileName: string
  /** Bytes that are announced; `undefined` when they are not known. */
  readonly size?: number | undefined
  readonly bytes: AsyncIterable<Uint8Array>
}

/**
 * Says whether an artifact of the caller would be taken: only of those who could submit it somewhere, and when there is
 * room for it.
 *
 * @throws Refusal `FORBIDDEN`, and as `Uploads.admit`
 */
export async function admitUpload(
  dependencies: ApplicationDependencies,
  caller: Caller,
  { size }: AdmitUploadInput,
): Promise<void> {
  await requireSubmitter(dependencies, caller)
  const { organizationId, userId } = caller
  await dependencies.uploads.admit({ organizationId, userId, size })
}

/** Takes an artifact of the caller in. @throws Refusal `FORBIDDEN`, and as `Uploads.receive` */
export async function uploadArtifact(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: UploadArtifactInput,
): Promise<Upload> {
  await requireSubmitter(dependencies, caller)
  const { organizationId, userId } = caller
  return dependencies.uploads.receive({ organizationId, userId, ...input })
}

/**
 * Requires that some active signing policy lets the caller submit. An index says where to look, and the log has the word:
 * so it costs the same at ten and at ten thousand projects, and nobody gets in by an index that is behind.
 */
async function requireSubmitter(dependencies: ApplicationDependencies, caller: Caller): Promise<void> {
  const { submitters } = dependencies
  if (await isSubmitter(dependencies, caller)) return
  await submitters.catchUp()
  if (await isSubmitter(dependencies, caller)) return
  throw new Refusal(
    'FORBIDDEN',
    'No signing policy lets you submit, so nothing of yours is taken. Ask a project administrator to name you as a submitter.',
    { permission: 'submitSigningRequest' },
  )
}

async function isSubmitter({ log, submitters }: ApplicationDependencies, caller: Caller): Promise<boolean> {
  for (const id of await submitters.policiesOf(caller)) {
    const { state } = await load(log, streams.signingPolicy(id), signingPolicyDecider)
    if (state.status !== 'active' || state.organizationId !== caller.organizationId) continue
    const { settings } = currentVersion(state)
    const principal = await principalFor(log, caller, settings.submitters)
    if (hasPermission(caller, 'submitSigningRequest', relationsToPolicy(principal, settings))) return true
  }
  return false
}
