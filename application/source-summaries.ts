import {
  type Artifact,
  checkedSourceSummary,
  type EarlierRequests,
  isCommitId,
  longestSourceSummary,
  Refusal,
  type SigningPolicySettings,
} from '../domain/index.ts'
import type { CheckedChoices } from './check-submission.ts'
import type { ApplicationDependencies } from './ports.ts'

/**
 * Where the policy demands a verification summary of the source, one that is as demanded must come with the submission. Which
 * revision was built is what the build system says of it so far; what it verifies, the worker holds the summaries against.
 *
 * @throws Refusal `SOURCE_SUMMARY_REFUSED`
 */
export async function requireSourceSummaries(
  { artifacts, sourceSummaries, now }: Pick<ApplicationDependencies, 'artifacts' | 'sourceSummaries' | 'now'>,
  { origin, originVerification }: Pick<CheckedChoices, 'origin' | 'originVerification'>,
  earlier?: EarlierRequests,
): Promise<void> {
  const rule = originVerification?.sourceSummary
  if (rule === undefined) return
  const verified = earlier?.first.request.origin?.verified?.origin
  const commitId = fullCommit(verified?.commitId ?? origin?.repositoryData?.commitId ?? null)
  const repositoryUrl = verified?.repository.url ?? originVerification?.repositoryUrl ?? ''
  const summaries = await Promise.all((origin?.sourceSummaries ?? []).map((each) => read(artifacts, each)))
  const fault = sourceSummaries.faultOf(summaries, { rule, commitId, repositoryUrl }, now())
  if (fault === null) return
  throw new Refusal(
    'SOURCE_SUMMARY_REFUSED',
    `The signing policy demands a verification summary of the source revision (SLSA_SOURCE_LEVEL_${rule.level}). ${fault.message}`,
    { reason: fault.code },
  )
}

/**
 * Refuses keys of verifiers that cannot sign statements.
 *
 * @throws Refusal `SOURCE_SUMMARY_RULE_INVALID`
 */
export function requireVerifierKeys(
  { sourceSummaries }: Partial<Pick<ApplicationDependencies, 'sourceSummaries'>>,
  { originVerification }: Pick<SigningPolicySettings, 'originVerification'>,
): void {
  const rule = originVerification?.sourceSummary
  for (const { id, publicKeys } of rule === undefined ? [] : checkedSourceSummary(rule).verifiers)
    for (const key of publicKeys) {
      const fault = sourceSummaries?.faultOfKey(key) ?? null
      if (fault !== null)
        throw new Refusal('SOURCE_SUMMARY_RULE_INVALID', `A key of the verifier ${id} cannot be used. ${fault}`, {
          field: 'originVerification.sourceSummary.verifiers.publicKeys',
        })
    }
}

/** What is no full name of a commit is refused once the origin is judged. */
function fullCommit(text: string | null): string | null {
  return text !== null && isCommitId(text) ? text.toLowerCase() : null
}

/** What is too long is judged as what cannot be read. */
async function read(artifacts: ApplicationDependencies['artifacts'], { sha256, size }: Artifact): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  if (size <= longestSourceSummary) for await (const chunk of artifacts.read(sha256)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
