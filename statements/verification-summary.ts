import { z } from 'zod'
import { type Instant, isSameRepository, type SourceSummaryRule } from '../domain/index.ts'
import { readBundle } from './bundle.ts'
import { readEnvelope } from './envelope.ts'
import { parseStrictly } from './read-json.ts'
import { readStatement, type Statement } from './statement.ts'
import { StatementError } from './statement-error.ts'
import { signersOf, verifyReadEnvelope } from './verify-envelope.ts'

/** The predicate type of SLSA verification summaries, version 1. */
export const verificationSummaryType = 'https://slsa.dev/verification_summary/v1'

/** Somebody whose summaries are believed. */
export type SourceVerifier = {
  /** A URI, exactly as the summaries name it (`verifier.id`). */
  readonly id: string
  /** DER SubjectPublicKeyInfo each: those that sign for this verifier. */
  readonly keys: readonly Uint8Array[]
}

/** What summaries of a source revision must say. */
export type SourceSummaryDemand = {
  /** Hexadecimal, lower case; `null` while it is not known which was built: then any will do for now. */
  readonly commitId: string | null
  /** Of the verified origin; compared by `isSameRepository`. */
  readonly repositoryUrl: string
  /** At least this level of SLSA's source track. */
  readonly level: 1 | 2 | 3 | 4
  readonly verifiers: readonly SourceVerifier[]
  /** Milliseconds; `null`: as old as it may be. */
  readonly maximumAge: number | null
}

/** What a policy's rule demands of the summaries of a revision. */
export function summaryDemand(
  { level, verifiers, maximumAgeSeconds }: SourceSummaryRule,
  source: Pick<SourceSummaryDemand, 'commitId' | 'repositoryUrl'>,
): SourceSummaryDemand {
  return {
    ...source,
    level,
    verifiers: verifiers.map(({ id, publicKeys }) => {
      return { id, keys: publicKeys.map((key) => Buffer.from(key, 'base64')) }
    }),
    maximumAge: maximumAgeSeconds === null ? null : maximumAgeSeconds * 1_000,
  }
}

/** A summary that fulfils a demand. */
export type AcceptedSourceSummary = {
  readonly verifierId: string
  readonly level: number
  readonly timeVerified: Instant
}

/** What came of judging summaries. */
export type SourceSummaryJudgement =
  | { readonly outcome: 'accepted'; readonly summary: AcceptedSourceSummary }
  /** One for each summary, in their order; the one `STATEMENT_MISSING` where there is none. */
  | { readonly outcome: 'refused'; readonly refusals: readonly { readonly code: string; readonly message: string }[] }

/** How far the clock of a verifier may be ahead of ours, in milliseconds. */
const leeway = 60_000

const summaryForm = z.object({
  verifier: z.object({ id: z.string() }),
  timeVerified: z.iso.datetime({ offset: true }),
  resourceUri: z.string(),
  verificationResult: z.string(),
  verifiedLevels: z.array(z.string()).max(100),
})

/**
 * Judges verification summaries of a source revision. One that fulfils the demand is enough; what nobody trusted has signed, cannot
 * be read or says something else does not count, and neither does nothing at all.
 *
 * @param documents DSSE envelopes or sigstore bundles, as they came
 */
export function judgeSourceSummaries(
  documents: readonly (string | Uint8Array)[],
  demand: SourceSummaryDemand,
  now: Instant,
): SourceSummaryJudgement {
  const refusals: { code: string; message: string }[] = []
  for (const document of documents) {
    try {
      return { outcome: 'accepted', summary: acceptedSummary(document, demand, now) }
    } catch (error) {
      if (!(error instanceof StatementError)) throw error
      refusals.push({ code: error.code, message: error.message })
    }
  }
  if (refusals.length > 0) return { outcome: 'refused', refusals }
  const revision = demand.commitId === null ? '' : ` ${demand.commitId}`
  const message = `A verification summary of the source revision${revision} is demanded, and there is none.`
  return { outcome: 'refused', refusals: [{ code: 'STATEMENT_MISSING', message }] }
}

/**
 * Verifies one summary and holds it against the demand.
 *
 * @throws StatementError `STATEMENT_…`, as what reads and verifies envelopes, bundles and statements; `STATEMENT_VERIFIER_MISMATCH`,
 *   `STATEMENT_SUBJECT_MISMATCH`, `STATEMENT_REPOSITORY_MISMATCH`, `STATEMENT_RESULT_NOT_PASSED`, `STATEMENT_LEVEL_TOO_LOW`,
 *   `STATEMENT_TIME_REFUSED`
 */
function acceptedSummary(
  document: string | Uint8Array,
  { verifiers, commitId, repositoryUrl, level, maximumAge }: SourceSummaryDemand,
  now: Instant,
): AcceptedSourceSummary {
  const envelope = isBundle(document) ? readBundle(document) : readEnvelope(document)
  const { payload } = verifyReadEnvelope(envelope, { keys: verifiers.flatMap(({ keys }) => keys) })
  const statement = readStatement(payload, verificationSummaryType)
  const summary = readSummary(statement)
  const verifier = verifiers.find(({ id }) => id === summary.verifier.id)
  if (verifier === undefined || signersOf(envelope, verifier.keys).length === 0)
    throw refused(
      'STATEMENT_VERIFIER_MISMATCH',
      `the verifier ${quoted(summary.verifier.id)}, for whom that key does not sign`,
    )
  if (commitId !== null && !statement.subject.some(({ digest }) => digest.gitCommit === commitId))
    throw refused('STATEMENT_SUBJECT_MISMATCH', `another revision than ${commitId}`)
  if (!isSameRepository(summary.resourceUri, repositoryUrl))
    throw refused(
      'STATEMENT_REPOSITORY_MISMATCH',
      `the repository ${quoted(summary.resourceUri)}, which is not the one built from`,
    )
  if (summary.verificationResult !== 'PASSED')
    throw refused(
      'STATEMENT_RESULT_NOT_PASSED',
      `${quoted(summary.verificationResult)} as the result; it must be PASSED`,
    )
  const reached = Math.max(-1, ...summary.verifiedLevels.flatMap(sourceLevel))
  if (reached < level)
    throw refused(
      'STATEMENT_LEVEL_TOO_LOW',
      `${quoted(summary.verifiedLevels.join(', '))}; the source level ${level} is demanded`,
    )
  const age = Date.parse(now) - Date.parse(summary.timeVerified)
  if (age < -leeway || (maximumAge !== null && age > maximumAge))
    throw refused(
      'STATEMENT_TIME_REFUSED',
      `${summary.timeVerified} as its time, which is in the future or too long ago`,
    )
  return { verifierId: verifier.id, level: reached, timeVerified: new Date(summary.timeVerified).toISOString() }
}

/** A bundle says so by its media type, an envelope has none. */
function isBundle(document: string | Uint8Array): boolean {
  const value = parseStrictly(document, { what: 'The statement', code: 'STATEMENT_ENVELOPE_MALFORMED' })
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'mediaType')
}

function readSummary({ predicate }: Statement): z.infer<typeof summaryForm> {
  const parsed = summaryForm.safeParse(predicate)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new StatementError(
    'STATEMENT_PAYLOAD_MALFORMED',
    `The verification summary lacks what is needed: ${issue?.path.join('.')}: ${issue?.message}.`,
  )
}

/** The level of SLSA's source track that a text names, if it names one. */
function sourceLevel(text: string): readonly number[] {
  const level = /^SLSA_SOURCE_LEVEL_([0-4])$/.exec(text)?.[1]
  return level === undefined ? [] : [Number(level)]
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200))
}

function refused(code: string, what: string): StatementError {
  return new StatementError(code, `The verification summary names ${what}.`)
}
