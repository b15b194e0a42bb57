import type { ArtifactStore } from '../artifacts/index.ts'
import {
  type Artifact,
  type ClaimedOrigin,
  type DemandedOrigin,
  failedCheck,
  failedChecks,
  type Instant,
  longestSourceSummary,
  type OriginCheck,
  type OriginEvidence,
  passedCheck,
  Refusal,
  type SigningRequest,
  sourceSummaryCheck,
  type VerifiedOrigin,
} from '../domain/index.ts'
import { judgeSourceSummaries, summaryDemand } from '../statements/index.ts'
import { readStored } from './read-stored.ts'

type Store = Pick<ArtifactStore, 'open'>

/** What verification summaries are judged by. */
export type SummaryQuestion = {
  /** What policy and project demand. */
  readonly demanded: DemandedOrigin | undefined
  /** What came with the artifact. */
  readonly claimed: ClaimedOrigin | null
  /** As it was verified; `null` when nothing can be said of it. */
  readonly origin: VerifiedOrigin | null
  /** When the request was submitted. */
  readonly at: Instant
}

/**
 * Judges the verification summaries that came with an artifact, where the policy demands one: against the commit and the repository
 * that were verified, as of the submission.
 *
 * @returns one check, or none where no summary is demanded
 */
export async function judgedSummaries(
  store: Store,
  { demanded, claimed, origin, at }: SummaryQuestion,
): Promise<readonly OriginCheck[]> {
  const rule = demanded?.sourceSummary
  if (rule === undefined || origin === null) return []
  const { commitId, repository } = origin
  const documents = await Promise.all((claimed?.sourceSummaries ?? []).map((summary) => read(store, summary)))
  const judgement = judgeSourceSummaries(
    documents,
    summaryDemand(rule, { commitId, repositoryUrl: repository.url }),
    at,
  )
  const compared = { demanded: rule.level, commit: commitId, repository: repository.url }
  if (judgement.outcome === 'accepted') {
    const { verifierId: verifier, level: reached, timeVerified } = judgement.summary
    return [passedCheck(sourceSummaryCheck, { ...compared, verifier, level: reached, timeVerified })]
  }
  const [first] = judgement.refusals
  const code = first?.code ?? 'STATEMENT_MISSING'
  const message = judgement.refusals.map((each) => each.message).join(' ')
  return [failedCheck(sourceSummaryCheck, { code, message }, compared)]
}

/** The summaries as evidence of the origin: they are in the store since they were uploaded. */
export function evidenceOfSummaries(claimed: ClaimedOrigin | null): readonly OriginEvidence[] {
  return (claimed?.sourceSummaries ?? []).map(({ sha256, size }) => ({
    name: sourceSummaryCheck,
    mediaType: 'application/json',
    sha256,
    size,
  }))
}

/**
 * The signer judges the same again, from the bytes that the log names and by the keys that the policy's version in the log names.
 *
 * @param submission the event with which the request began
 * @throws Refusal `ORIGIN_NOT_VERIFIED`; ArtifactError `ARTIFACT_…`
 */
export async function requireSourceSummary(store: Store, request: SigningRequest, at: Instant): Promise<void> {
  const { originVerification: demanded, claimedOrigin: claimed = null, origin } = request
  const checks = await judgedSummaries(store, { demanded, claimed, origin: origin?.verified?.origin ?? null, at })
  const [failed] = failedChecks(checks)
  if (failed === undefined) return
  throw new Refusal(
    'ORIGIN_NOT_VERIFIED',
    `No verification summary of the source is what the signing policy demands. ${failed.message}`,
    { reason: failed.code },
  )
}

/** What is too long is judged as what cannot be read. */
async function read(store: Store, { sha256, size }: Artifact): Promise<Uint8Array> {
  return size > longestSourceSummary ? Buffer.alloc(0) : readStored(store, sha256, longestSourceSummary)
}
