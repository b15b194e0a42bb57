import { isDeepStrictEqual } from 'node:util'
import {
  type ArtifactConfigurationId,
  type BuildReference,
  checkedParameters,
  fold,
  hashesOf,
  type Project,
  parseIdempotencyKey,
  parseText,
  parseVersion,
  projectDecider,
  Refusal,
  type SigningRequest,
  type SigningRequestId,
  signingRequestDecider,
  streams,
} from '../domain/index.ts'
import { type EventLog, readWholeStream, uuidFromText } from '../event-log/index.ts'
import type { Caller } from './caller.ts'
import type { SigningRequestChanged } from './change-signing-request.ts'
import { findArtifactConfiguration } from './chosen-configuration.ts'
import { claimedBuild, noBuild } from './claimed-build.ts'
import { claimedOrigin } from './claimed-origin.ts'
import type { ApplicationDependencies } from './ports.ts'
import type { SubmitSigningRequestInput } from './submission.ts'
import { findTarget } from './submission-target.ts'

/**
 * The id of the request that a user's idempotency key stands for. It follows from organization, user and key, so that
 * calls at the same moment, in whichever processes, meet in one stream; and nobody can take another user's key.
 *
 * @throws Refusal `IDEMPOTENCY_KEY_MALFORMED`
 */
export function requestIdOfKey({ organizationId, userId }: Caller, key: string): SigningRequestId {
  const name = ['signingRequest', organizationId, userId, parseIdempotencyKey(key)]
  return uuidFromText(JSON.stringify(name)) as SigningRequestId
}

/**
 * The request of this id, when it was submitted with the same content: answered as its submission was, whatever became of
 * it and of its project and policy since. `undefined` when there is none.
 *
 * @throws Refusal `IDEMPOTENCY_KEY_REUSED` when it was submitted with other content; `PROJECT_NOT_FOUND`,
 *   `SIGNING_POLICY_NOT_FOUND`, `UPLOAD_NOT_FOUND`, `SOURCE_…`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`, `NAME_MALFORMED` when the content is none
 */
export async function submittedBefore(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: SubmitSigningRequestInput,
  signingRequestId: SigningRequestId,
): Promise<SigningRequestChanged | undefined> {
  const { events } = await readWholeStream(dependencies.log, streams.signingRequest(signingRequestId))
  const request = fold(signingRequestDecider, events)
  const [submission] = events
  if (submission === undefined || request.workflowStatus === 'none') return undefined
  const [before, again] = [chosenFor(dependencies, request), await chosenIn(dependencies, caller, input, request)]
  const other = Object.entries(again).flatMap(([name, value]) =>
    isDeepStrictEqual(value, before[name as keyof Chosen]) ? [] : [name],
  )
  if (other.length > 0)
    throw new Refusal(
      'IDEMPOTENCY_KEY_REUSED',
      `You submitted with this idempotency key before (signing request ${signingRequestId}), and with other content: ${other.join(', ')}. Choose a new key for each submission.`,
      { signingRequestId, differences: other },
    )
  return { signingRequestId, position: submission.position }
}

/** Who submits, and to which project, as kinds of sources take it. */
export function sourceContext({ organizationId, userId }: Caller, { projectId }: Project) {
  return { organizationId, userId, projectId }
}

/**
 * What a submission consists of for its submitter: what they chose, and not what the service added. Each name is that of
 * the input.
 */
type Names =
  | 'project'
  | 'signingPolicy'
  | 'description'
  | 'version'
  | 'existingSignatures'
  | 'artifactConfiguration'
  | 'parameters'
  | 'origin'
  | 'build'
  | 'artifact'
type Chosen = Readonly<Record<Names, unknown>>

function chosenFor({ sources }: Pick<ApplicationDependencies, 'sources'>, request: SigningRequest): Chosen {
  const { projectId, signingPolicyId, description, version = null, claimedOrigin: origin = null } = request
  const { existingSignatures, source, artifactConfiguration: configuration } = request
  const said = {
    ...{ description, version, existingSignatures, origin, build: fieldsOf(request.build) },
    artifactConfiguration: configuration?.artifactConfigurationId ?? null,
    parameters: configuration?.parameters ?? {},
  }
  return { project: projectId, signingPolicy: signingPolicyId, ...said, artifact: sources.chosen(source) }
}

/** What is said of a build but its tokens, which may be others each time; those of a job that calls by one are all that it says. */
function fieldsOf(build: BuildReference | null | undefined): BuildReference['fields'] | null {
  return build && Object.keys(build.fields).length > 0 ? build.fields : null
}

async function chosenIn(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: SubmitSigningRequestInput,
  request: SigningRequest,
): Promise<Chosen> {
  const { project, policy } = await findTarget(dependencies, caller, input)
  const source = await dependencies.sources.check(input.source, sourceContext(caller, project))
  const isResubmission = input.source.kind === 'earlierRequest'
  const build = isResubmission ? noBuild : await claimedBuild(dependencies, caller, input, project, null)
  // Who left it to the policy meant the policy as it was.
  const byPolicy = policy.versions[request.signingPolicyVersion - 1]?.existingSignatures[0]
  return {
    project: project.projectId,
    signingPolicy: policy.signingPolicyId,
    description: parseText(input.description, 'The description'),
    version: parseVersion(input.version ?? null),
    existingSignatures: input.existingSignatures ?? byPolicy,
    ...(await configurationChosen(dependencies, project, input, request)),
    // The source says whose origin a resubmission has.
    origin: isResubmission
      ? (request.claimedOrigin ?? null)
      : await claimedOrigin(dependencies, caller, input, project),
    build: fieldsOf(build.reference),
    artifact: dependencies.sources.chosen(source),
  }
}

/** Who left it to the project, or to the request whose artifact is taken again, meant what that had then. */
async function configurationChosen(
  { log }: ApplicationDependencies,
  project: Project,
  { artifactConfiguration: name = null, parameters = null, source }: SubmitSigningRequestInput,
  request: SigningRequest,
): Promise<Pick<Chosen, 'artifactConfiguration' | 'parameters'>> {
  const kept = source.kind === 'earlierRequest' && name === null ? request.artifactConfiguration : undefined
  const chosen = kept
    ? kept.artifactConfigurationId
    : name === null
      ? await defaultThen(log, project, request)
      : (await findArtifactConfiguration(log, project, name)).artifactConfigurationId
  return {
    artifactConfiguration: chosen ?? null,
    parameters: checkedParameters(parameters ?? kept?.parameters ?? {}),
  }
}

/** The project's default artifact configuration when a request was submitted; a request for hashes had none. */
async function defaultThen(
  log: EventLog,
  { projectId }: Project,
  { signingRequestId, source }: SigningRequest,
): Promise<ArtifactConfigurationId | undefined> {
  if (hashesOf(source) !== undefined || source.kind === 'earlierRequest') return undefined
  const [submission] = (await readWholeStream(log, streams.signingRequest(signingRequestId))).events
  const { events } = await readWholeStream(log, streams.project(projectId))
  const before = events.filter(({ position }) => submission === undefined || position < submission.position)
  const then = fold(projectDecider, before)
  return then.status === 'none' ? undefined : then.defaultArtifactConfigurationId
}
