import {
  evidenceFile,
  knownArtifact,
  membersOf,
  projectDecider,
  provenanceFiles,
  Refusal,
  relationsToPolicy,
  relationsToProject,
  relationsToRequest,
  type Sha256Digest,
  type SigningRequest,
  signingPolicyDecider,
  streams,
} from '../domain/index.ts'
import { authorize } from './authorize.ts'
import type { Caller } from './caller.ts'
import { load, loadSigningRequest } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { principalFor } from './principals.ts'

/** Which artifact of a request is to be opened. */
export type OpenArtifactInput = {
  readonly signingRequestId: string
  readonly which: 'unsigned' | 'signed' | 'buildSettings' | 'provenance' | 'provenanceBundle' | 'originEvidence'
  /** Which answer of the build system is wanted: its SHA-256. Only `originEvidence` takes it. */
  readonly sha256?: string
}

/** An artifact that is open for download. */
export type OpenedArtifact = {
  readonly fileName: string
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
  /** Streams bytes `start` (inclusive) to `end` (exclusive); the whole by default. */
  readonly read: (range?: { readonly start: number; readonly end: number }) => AsyncIterable<Uint8Array>
}

/**
 * Opens an artifact for download. Besides administrators and auditors, those whom policy and project name may, as they stand
 * now, and the submitter and approvers of the request itself; groups among them stand for their members of now.
 *
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `FORBIDDEN`, `ORIGIN_NOT_VERIFIED`, and what says that there is none: `ORIGIN_EVIDENCE_NOT_FOUND`,
 *   `BUILD_SETTINGS_FILE_NOT_FOUND`, `PROVENANCE_NOT_FOUND`, `ARTIFACT_NOT_RETRIEVED`, `SIGNED_ARTIFACT_NOT_READY`
 */
export async function openArtifact(
  dependencies: ApplicationDependencies,
  caller: Caller,
  { signingRequestId, which, sha256 }: OpenArtifactInput,
): Promise<OpenedArtifact> {
  const request = await loadSigningRequest(dependencies.log, caller, signingRequestId)
  const { state: policy } = await load(
    dependencies.log,
    streams.signingPolicy(request.signingPolicyId),
    signingPolicyDecider,
  )
  const current = policy.status === 'none' ? undefined : policy.versions.at(-1)
  const ofPolicy = current ?? { submitters: [], approval: null }
  const { state: project } = await load(dependencies.log, streams.project(request.projectId), projectDecider)
  const ofProject = project.status === 'none' ? { readers: [], configurators: [] } : project
  const named = [
    ...(request.approval?.approvers ?? []),
    ...membersOf(ofPolicy),
    ...ofProject.readers,
    ...ofProject.configurators,
  ]
  const principal = await principalFor(dependencies.log, caller, named)
  authorize(caller, 'readArtifacts', [
    ...relationsToRequest(principal, request),
    ...relationsToPolicy(principal, ofPolicy),
    ...relationsToProject(principal, ofProject),
  ])
  const artifact = {
    unsigned: () => knownArtifact(request),
    signed: () => request.signedArtifact,
    provenance: () => provenanceFiles(request)?.envelope ?? null,
    provenanceBundle: () => provenanceFiles(request)?.bundle ?? null,
    originEvidence: () => {
      const found = request.origin?.evidence.find((each) => each.sha256 === sha256?.toLowerCase())
      return found === undefined ? null : evidenceFile(found)
    },
    buildSettings: () => request.claimedOrigin?.buildData?.buildSettingsFile ?? null,
  }[which]()
  if (which === 'unsigned') refuseForeign(request)
  if (artifact === null && which === 'originEvidence')
    throw new Refusal(
      'ORIGIN_EVIDENCE_NOT_FOUND',
      request.origin === null
        ? 'The origin of the request was not verified: no build system has answered anything.'
        : 'No build system has answered that for this request. Its evidence is listed with its origin, by SHA-256.',
    )
  if (artifact === null && which === 'buildSettings')
    throw new Refusal('BUILD_SETTINGS_FILE_NOT_FOUND', 'The request was submitted without a build settings file.')
  if (artifact === null && (which === 'provenance' || which === 'provenanceBundle'))
    throw new Refusal(
      'PROVENANCE_NOT_FOUND',
      request.workflowStatus === 'Completed'
        ? 'The request has no provenance: its origin was not verified.'
        : `There is no provenance: the request is ${request.workflowStatus}.`,
      { workflowStatus: request.workflowStatus },
    )
  if (artifact === null && which === 'unsigned')
    throw new Refusal(
      'ARTIFACT_NOT_RETRIEVED',
      `It is not known yet what was submitted: the request is ${request.workflowStatus}.`,
      {
        workflowStatus: request.workflowStatus,
      },
    )
  if (artifact === null)
    throw new Refusal(
      'SIGNED_ARTIFACT_NOT_READY',
      `There is no signed artifact: the request is ${request.workflowStatus}.`,
      {
        workflowStatus: request.workflowStatus,
      },
    )
  return { ...artifact, read: (range) => dependencies.artifacts.read(artifact.sha256, range) }
}

/**
 * What was fetched by the credentials of a link may be of another project, whose builds nobody here may see: it is given out once the
 * origin was verified.
 *
 * @throws Refusal `ORIGIN_NOT_VERIFIED`
 */
function refuseForeign({ source, originVerification, origin }: SigningRequest): void {
  if (source.kind !== 'buildArtifact' || originVerification === undefined) return
  if (origin !== null && origin.verified !== null) return
  throw new Refusal(
    'ORIGIN_NOT_VERIFIED',
    origin === null
      ? 'The artifact comes from the build system, and is given out once its origin is verified.'
      : 'The artifact came from the build system, and its origin was not verified: it may be of another project, and is not given out.',
  )
}
