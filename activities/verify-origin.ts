import type { ArtifactStore } from '../artifacts/index.ts'
import {
  earlierRequests,
  existingTrustedBuildSystem,
  fold,
  type LinkSecretId,
  type LinkSettings,
  type OrganizationId,
  type OriginEvidence,
  projectDecider,
  type RecordOrigin,
  Refusal,
  requireLinked,
  type SigningRequest,
  type SigningRequestId,
  signingPolicyDecider,
  sourceSummaryCheck,
  streams,
  type TrustedBuildSystem,
  type TrustedBuildSystemKind,
  type TrustedBuildSystemLink,
  trustedBuildSystemDecider,
  type Voucher,
} from '../domain/index.ts'
import { type EventLog, type LogPosition, readWholeStream } from '../event-log/index.ts'
import {
  buildSystemForms,
  type ConnectorTools,
  type Origins,
  type Secret,
  secretOf,
  type UncheckedQuestion,
} from '../origin/index.ts'
import type { LongStepActivities } from './contract.ts'
import { type LongWork, withHeartbeat } from './heartbeat.ts'
import { peopleOfBuild } from './people-of-build.ts'
import { requestStep } from './request-step.ts'
import { evidenceOfSummaries, judgedSummaries } from './source-summary.ts'

/** What verifying an origin works with. */
export type VerifyingDependencies = {
  readonly log: EventLog
  readonly store: Pick<ArtifactStore, 'put' | 'open'>
  readonly origins: Origins
  /** What is secret about links with build systems. */
  readonly secrets: LinkSecrets
  readonly now: () => string
}

/** Opens what is secret about links. Errors carry a `code`, and are transient. */
export type LinkSecrets = {
  get(place: {
    readonly organizationId: OrganizationId
    readonly purpose: 'buildSystemSecret'
    readonly id: LinkSecretId
  }): Promise<Uint8Array | undefined>
}

/**
 * Asks the build system that vouched for a request where its artifact comes from, and records what came of it. The artifact of an
 * earlier request has the origin that was verified for that one: nobody is asked again.
 */
export function verifyOrigin(dependencies: VerifyingDependencies): LongStepActivities['verifyOrigin'] {
  return (step) =>
    withHeartbeat((work) =>
      requestStep(dependencies, step, async (request) => {
        if (request.originVerification === undefined || request.origin !== null) return undefined
        const found = (await ofEarlierRequest(dependencies, request)) ?? (await asked(dependencies, request, work))
        return withSummaries(dependencies, request, found)
      }),
    )
}

/** What was found of an origin, with what came of its verification summaries where the policy demands one. */
async function withSummaries(
  { log, store }: VerifyingDependencies,
  request: SigningRequest,
  found: RecordOrigin,
): Promise<RecordOrigin> {
  const { signingRequestId, originVerification: demanded, claimedOrigin: claimed = null } = request
  if (demanded?.sourceSummary === undefined) return found
  const [submission] = (await readWholeStream(log, streams.signingRequest(signingRequestId))).events
  if (submission === undefined) return found
  const at = submission.metadata.occurredAt
  const judged = await judgedSummaries(store, { demanded, claimed, origin: found.origin, at })
  // Of an artifact that is submitted again: what another policy found of them stands in the request that it came with.
  const others = found.checks.filter(({ name }) => name !== sourceSummaryCheck)
  const evidence = evidenceOfSummaries(claimed).filter(
    ({ sha256 }) => !found.evidence.some((each) => each.sha256 === sha256),
  )
  return { ...found, checks: [...judged, ...others], evidence: [...found.evidence, ...evidence] }
}

/** The origin that was verified for the request that the artifact came with; `undefined` when it came with this one. */
async function ofEarlierRequest(
  { log }: VerifyingDependencies,
  request: SigningRequest,
): Promise<RecordOrigin | undefined> {
  const historyOf = async (id: SigningRequestId) => (await readWholeStream(log, streams.signingRequest(id))).events
  const earlier = await earlierRequests(request, historyOf)
  if (earlier === undefined) return undefined
  const { origin } = earlier.first.request
  // That it was verified was asked before the submission was taken.
  if (origin === null || origin.verified === null)
    throw new Refusal('ORIGIN_NOT_VERIFIED', 'The origin of the artifact was not verified when it came.')
  const { verified, ...facts } = origin
  // Who is behind the build is known as of now: actors may have been linked since.
  const people = await peopleOfBuild(log, request.organizationId, verified.origin.actors)
  return { type: 'RecordOrigin', ...facts, ...verified, peopleBehind: people }
}

async function asked(
  dependencies: VerifyingDependencies,
  request: SigningRequest,
  { signal, progress }: LongWork,
): Promise<RecordOrigin> {
  const { log, origins, now } = dependencies
  const { trustedBuildSystemId, node, position } = await voucherOf(log, request)
  const { events } = await readWholeStream(log, streams.trustedBuildSystem(trustedBuildSystemId))
  const system = existingTrustedBuildSystem(fold(trustedBuildSystemDecider, events))
  // What was demanded when it was submitted, by settings; by secrets as they are now, since the ones before are gone.
  const before = events.filter((event) => event.position < position)
  const { settings } = requireLinked(
    existingTrustedBuildSystem(fold(trustedBuildSystemDecider, before)),
    request.projectId,
  )
  const present = requireLinked(system, request.projectId)
  if (present.secrets.length > 0) requireSameAddresses(system.kind, settings, present.settings)
  const question: UncheckedQuestion = {
    kind: system.kind,
    settings,
    build: {},
    artifact: request.artifact,
    claimed: request.claimedOrigin ?? null,
    node,
    ...(await targetOf(log, request)),
  }
  const secrets = await secretsOf(dependencies, system, present)
  const tools = { secrets, keep: keeping(dependencies, progress), now, signal }
  const { origin, proof, checks, evidence } = await origins.verify(question, tools)
  return {
    type: 'RecordOrigin',
    trustedBuildSystemId,
    kind: system.kind,
    proof,
    origin,
    checks,
    evidence,
    peopleBehind: await peopleOfBuild(log, request.organizationId, origin?.actors ?? []),
  }
}

/**
 * Refuses where a link names other addresses by now: its secrets, which are those of now, must not go to an address that was taken out
 * of it, perhaps because it is not to be trusted.
 *
 * @throws Refusal `ORIGIN_LINK_ADDRESS_CHANGED`
 */
function requireSameAddresses(kind: TrustedBuildSystemKind, before: LinkSettings, now: LinkSettings): void {
  const [then, present] = [before, now].map((settings) => buildSystemForms.linkAddresses(kind, settings).join(' '))
  if (then !== present)
    throw new Refusal(
      'ORIGIN_LINK_ADDRESS_CHANGED',
      'The link of project and build system names another address than it did when the artifact was submitted, and its secrets are for that one. Submit the artifact again.',
    )
}

/** The secrets of a link, by name. One that is not there is left out: then the connector says that it is missing. */
async function secretsOf(
  { secrets }: VerifyingDependencies,
  { organizationId }: TrustedBuildSystem,
  link: TrustedBuildSystemLink,
): Promise<ConnectorTools['secrets']> {
  const opened: Record<string, Secret> = {}
  for (const { name, secretId: id } of link.secrets) {
    const bytes = await secrets.get({ organizationId, purpose: 'buildSystemSecret', id })
    if (bytes !== undefined) opened[name] = secretOf(Buffer.from(bytes).toString())
  }
  return opened
}

/**
 * The build system that vouched for the submission, as its event says, and where that is in the log.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_REQUIRED`
 */
async function voucherOf(
  log: EventLog,
  { signingRequestId }: SigningRequest,
): Promise<Voucher & { readonly position: LogPosition }> {
  const [submission] = (await readWholeStream(log, streams.signingRequest(signingRequestId))).events
  const actor = submission?.metadata.actor
  if (submission !== undefined && actor?.kind === 'user' && actor.vouchedBy !== undefined)
    return { ...actor.vouchedBy, position: submission.position }
  throw new Refusal('TRUSTED_BUILD_SYSTEM_REQUIRED', 'No trusted build system vouched for the submission.')
}

async function targetOf(
  log: EventLog,
  { projectId, signingPolicyId, originVerification }: SigningRequest,
): Promise<Pick<UncheckedQuestion, 'project' | 'signingPolicy'>> {
  const project = fold(projectDecider, (await readWholeStream(log, streams.project(projectId))).events)
  const policy = fold(signingPolicyDecider, (await readWholeStream(log, streams.signingPolicy(signingPolicyId))).events)
  const slugOf = (state: typeof project | typeof policy) => (state.status === 'none' ? '' : state.slug)
  return {
    project: { slug: slugOf(project), repositoryUrl: originVerification?.repositoryUrl ?? '' },
    signingPolicy: { slug: slugOf(policy) },
  }
}

/** Keeps raw answers in the artifact store, where the event that names them holds them. */
function keeping({ store }: VerifyingDependencies, progress: () => void): ConnectorTools['keep'] {
  return async (name, mediaType, bytes): Promise<OriginEvidence> => {
    const { sha256, size } = await store.put(chunks(bytes))
    progress()
    return { name, mediaType, sha256, size }
  }
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
