import type { SourceSummaries } from '../application/index.ts'
import { judgeSourceSummaries, StatementError, statementKey, summaryDemand } from '../statements/index.ts'

/** What judges verification summaries of source revisions when something is submitted, as the signer judges them again. */
export const sourceSummaries: SourceSummaries = {
  faultOfKey(key) {
    try {
      statementKey(Buffer.from(key, 'base64'))
      return null
    } catch (error) {
      if (error instanceof StatementError) return error.message
      throw error
    }
  },
  faultOf(summaries, { rule, ...source }, at) {
    const judgement = judgeSourceSummaries(summaries, summaryDemand(rule, source), at)
    if (judgement.outcome === 'accepted') return null
    const { refusals } = judgement
    return { code: refusals[0]?.code ?? 'STATEMENT_MISSING', message: refusals.map(({ message }) => message).join(' ') }
  },
}
