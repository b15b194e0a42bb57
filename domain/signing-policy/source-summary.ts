import { Refusal } from '../refusal.ts'

/** Somebody whose verification summaries a policy believes. */
export type SourceVerifierRule = {
  /** A URI, exactly as the summaries name it (`verifier.id`). */
  readonly id: string
  /** DER SubjectPublicKeyInfo in base64, each once: the keys that sign for this verifier. */
  readonly publicKeys: readonly string[]
}

/**
 * That a verification summary of the source revision comes with what is submitted (SLSA's source track): signed by a verifier that
 * the policy names, about the commit and the repository that were built, and of at least this level.
 */
export type SourceSummaryRule = {
  /** `SLSA_SOURCE_LEVEL_n`, or a higher one. */
  readonly level: 1 | 2 | 3 | 4
  readonly verifiers: readonly SourceVerifierRule[]
  /** How long before the submission the revision may have been verified; `null`: at any time before. */
  readonly maximumAgeSeconds: number | null
}

/** The most bytes of a summary that are read. */
export const longestSourceSummary = 1024 ** 2

/** So many verifiers a policy names, each with so many keys, and so long are these in base64: each submission copies them. */
const most = { verifiers: 5, keys: 5, key: 2_000, id: 500 } as const
/** Ten years. */
const longestAgeSeconds = 10 * 365 * 24 * 60 * 60

/**
 * The rule as a policy may have it. Keys may come as PEM, and are kept without what stands around them. Whether they are keys that
 * sign statements is for others to see.
 *
 * @throws Refusal `SOURCE_SUMMARY_RULE_INVALID`
 */
export function checkedSourceSummary({ level, verifiers, maximumAgeSeconds }: SourceSummaryRule): SourceSummaryRule {
  if (![1, 2, 3, 4].includes(level)) throw invalid('level', `The level of the source is 1, 2, 3 or 4; got ${level}.`)
  if (verifiers.length < 1 || verifiers.length > most.verifiers || hasTwice(verifiers.map(({ id }) => id)))
    throw invalid(
      'verifiers',
      `A policy names 1 to ${most.verifiers} verifiers whose summaries it believes, none twice; got ${verifiers.length}.`,
    )
  const isAge =
    maximumAgeSeconds === null ||
    (Number.isInteger(maximumAgeSeconds) && maximumAgeSeconds >= 1 && maximumAgeSeconds <= longestAgeSeconds)
  if (!isAge)
    throw invalid(
      'maximumAgeSeconds',
      `The greatest age of a summary is a whole number of seconds from 1 to ${longestAgeSeconds}, or null for any; got ${maximumAgeSeconds}.`,
    )
  return { level, verifiers: verifiers.map(checkedVerifier), maximumAgeSeconds }
}

function checkedVerifier({ id, publicKeys }: SourceVerifierRule): SourceVerifierRule {
  // An id is compared to the last character, and so not corrected here.
  if (id.length > most.id || !/^[a-z][a-z0-9+.-]*:[!-~]+$/i.test(id))
    throw invalid(
      'verifiers.id',
      `A verifier is named by the URI of its summaries (verifier.id), of ${most.id} characters of ASCII at the most; got ${JSON.stringify(id.slice(0, 100))}.`,
    )
  const keys = publicKeys.map(withoutArmor)
  if (keys.length < 1 || keys.length > most.keys || hasTwice(keys))
    throw invalid(
      'verifiers.publicKeys',
      `A verifier has 1 to ${most.keys} public keys, none twice; got ${keys.length} for ${id}.`,
    )
  const malformed = keys.findIndex((key) => key.length > most.key || !/^[A-Za-z0-9+/]{16,}={0,2}$/.test(key))
  if (malformed >= 0)
    throw invalid(
      'verifiers.publicKeys',
      `Key ${malformed + 1} of ${id} is no public key as PEM (BEGIN PUBLIC KEY) or as DER in base64, of ${most.key} characters at the most.`,
    )
  return { id, publicKeys: keys }
}

/** What stands between the lines of PEM, in one line. */
function withoutArmor(text: string): string {
  const [, body = text] = /^\s*-----BEGIN PUBLIC KEY-----([^-]*)-----END PUBLIC KEY-----\s*$/.exec(text) ?? []
  return body.replace(/\s+/g, '')
}

function hasTwice(texts: readonly string[]): boolean {
  return new Set(texts).size !== texts.length
}

function invalid(field: string, message: string): Refusal {
  return new Refusal('SOURCE_SUMMARY_RULE_INVALID', message, { field: `originVerification.sourceSummary.${field}` })
}
