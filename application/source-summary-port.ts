import type { Instant, SourceSummaryRule } from '../domain/index.ts'

/** What verification summaries of a source revision are held against. */
export type SourceSummaryQuestion = {
  readonly rule: SourceSummaryRule
  /** Hexadecimal; `null` while it is not known which revision was built. */
  readonly commitId: string | null
  readonly repositoryUrl: string
}

/** What judges verification summaries, which knows how they are signed. */
export interface SourceSummaries {
  /** What is wrong with a key that is to sign for a verifier, as a sentence; `null` when nothing is. @param key DER in base64 */
  faultOfKey(key: string): string | null
  /** What is wrong with all of some summaries; `null` when one of them is as demanded. */
  faultOf(
    summaries: readonly Uint8Array[],
    question: SourceSummaryQuestion,
    at: Instant,
  ): { readonly code: string; readonly message: string } | null
}
