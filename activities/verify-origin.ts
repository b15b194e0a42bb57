import type { ArtifactStore } from '../artifacts/index.ts'
import {
  earlierRequests,
  failedCheck,
  type OriginEvidence,
  passedCheck,
  type RecordOrigin,
  Refusal,
  type SigningRequest,
  type SigningRequestId,
  sourceSummaryCheck,
  streams,
} from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import { type ConnectorTools, OriginError, type OriginFinding, type Origins } from '../origin/index.ts'
import { askingAboutBuild, type BuildSystemSecrets, removeBuildSecrets } from './ask-build-system.ts'
import type { LongStepActivities } from './contract.ts'
import { type LongWork, withHeartbeat } from './heartbeat.ts'
import { peopleOfBuild } from './people-of-build.ts'
import { requestStep } from './request-step.ts'
import { evidenceOfSummaries, judgedSummaries } from './source-summary.ts'

/** Uses an identity token for one thing. */
export type UseToken = (token: NonNullable<OriginFinding['identityToken']>, usedFor: string) => Promise<void>

/** What verifying an origin works with. */
export type VerifyingDependencies = {
  readonly log: EventLog
  readonly store: Pick<ArtifactStore, 'put' | 'open'>
  readonly origins: Pick<Origins, 'verify'>
  readonly secrets: BuildSystemSecrets
  /** Uses an identity token for a request alone. @throws OriginError `IDENTITY_TOKEN_USED`, `IDENTITY_TOKEN_STORE_…` */
  readonly useToken: UseToken
  readonly now: () => string
}

/**
 * Asks the build system that vouched for a request where its artifact comes from, and records what came of it. The artifact of an
 * earlier request has the origin that was verified for that one: nobody is asked again.
 */
export function verifyOrigin(dependencies: VerifyingDependencies): LongStepActivities['verifyOrigin'] {
  return (step) =>
    withHeartbeat(async (work) => {
      let request: SigningRequest | undefined
      const answer = await requestStep(dependencies, step, async (open) => {
        request = open
        if (open.originVerification === undefined || open.origin !== null) return undefined
        const found = (await ofEarlierRequest(dependencies, open)) ?? (await asked(dependencies, open, work))
        return withSummaries(dependencies, open, found)
      })
      // The origin is recorded, whatever becomes of this: the request's workflow tries it again at its end.
      if (request !== undefined) await removeBuildSecrets(dependencies, request).catch(() => undefined)
      return answer
    })
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
  const { log, origins } = dependencies
  const { trustedBuildSystemId, question, tools } = await askingAboutBuild(dependencies, request)
  const found = await origins.verify(question, { ...tools, keep: keeping(dependencies, progress), signal })
  const { origin, proof, checks, evidence } = await withTokenUsed(dependencies, request, found)
  const { kind } = question
  const peopleBehind = await peopleOfBuild(log, request.organizationId, origin?.actors ?? [])
  return { type: 'RecordOrigin', trustedBuildSystemId, kind, proof, origin, checks, evidence, peopleBehind }
}

/** The finding, with a check that the token by which it was proved proves this request alone. */
async function withTokenUsed(
  { useToken }: VerifyingDependencies,
  { signingRequestId }: SigningRequest,
  finding: OriginFinding,
): Promise<OriginFinding> {
  const { identityToken, checks } = finding
  if (identityToken === undefined) return finding
  const compared = { issuer: identityToken.issuer, tokenId: identityToken.tokenId }
  try {
    await useToken(identityToken, signingRequestId)
    return { ...finding, checks: [...checks, passedCheck('identityTokenUse', compared)] }
  } catch (error) {
    if (!(error instanceof OriginError) || error.isPassing) throw error
    const { code, message } = error
    return { ...finding, checks: [...checks, failedCheck('identityTokenUse', { code, message }, compared)] }
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
