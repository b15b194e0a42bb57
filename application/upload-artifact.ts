import { currentVersion, maySubmit, Refusal, signingPolicyDecider, streams } from '../domain/index.ts'
import type { AdmitUploadInput, Application, UploadArtifactInput } from './application.ts'
import type { Caller } from './caller.ts'
import { load } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { principalFor } from './principals.ts'

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
): ReturnType<Application['uploadArtifact']> {
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
    { permission: 'submit' },
  )
}

async function isSubmitter({ log, submitters }: ApplicationDependencies, caller: Caller): Promise<boolean> {
  for (const id of await submitters.policiesOf(caller)) {
    const { state } = await load(log, streams.signingPolicy(id), signingPolicyDecider)
    if (state.status !== 'active' || state.organizationId !== caller.organizationId) continue
    const { settings } = currentVersion(state)
    if (maySubmit(await principalFor(log, caller, settings.submitters), settings)) return true
  }
  return false
}
