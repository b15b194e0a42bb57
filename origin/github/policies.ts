import { failedCheck, type OriginCheck, Refusal, type VerifiedOrigin } from '../../domain/index.ts'
import { pathOf } from '../http-api/index.ts'
import {
  type BuildFacts,
  type DemandedPolicy,
  judgePipelinePolicy,
  longestPolicy,
  type PolicyFacts,
  parsePipelinePolicy,
} from '../pipeline-policies/index.ts'
import { contentAnswer, type Repository, repositoryAnswer } from './answers.ts'
import { type GitHubClient, Unanswered } from './client.ts'
import { refQuestion } from './ref-checks.ts'
import { findRulesets } from './ruleset-facts.ts'
import type { LinkedPolicy } from './settings.ts'

/** What pipeline policies are judged by. */
export type PolicyQuestion = {
  readonly client: GitHubClient
  readonly repository: Repository
  readonly ref: VerifiedOrigin['ref'] | null
  readonly jobs: BuildFacts
  readonly policies: readonly LinkedPolicy[]
  /** Where the text of an external policy is by default. */
  readonly defaultPath: string
  readonly now: string
}

/** Reads the pipeline policies of a link, those in repositories from their default branches, and judges the build by each. */
export async function judgePolicies(question: PolicyQuestion): Promise<OriginCheck[]> {
  const checks: OriginCheck[] = []
  const demanded: DemandedPolicy[] = []
  for (const linked of question.policies) {
    const read = await readPolicy(question, linked)
    if ('policy' in read) demanded.push(read)
    else checks.push(read)
  }
  if (demanded.length === 0) return checks
  const facts = await factsFor(question, demanded)
  return [...checks, ...demanded.flatMap((policy) => judgePipelinePolicy(policy, facts, question.now))]
}

async function factsFor(question: PolicyQuestion, demanded: readonly DemandedPolicy[]): Promise<PolicyFacts> {
  const { client, repository, ref, jobs, now } = question
  const policies = demanded.map(({ policy }) => policy)
  const gitHubBuild = { gitHubBuild: jobs }
  if (policies.every(({ gitHubScm }) => gitHubScm === null)) return gitHubBuild
  if (ref?.kind !== 'branch')
    return { ...gitHubBuild, missing: 'Rulesets protect branches, and what was built is none for certain.' }
  try {
    return { ...gitHubBuild, gitHubScm: await findRulesets(client, repository, ref.name, policies, now) }
  } catch (error) {
    if (error instanceof Unanswered) return { ...gitHubBuild, missing: error.message }
    throw error
  }
}

/** The policy, or the check that says why there is none. */
async function readPolicy(question: PolicyQuestion, linked: LinkedPolicy): Promise<DemandedPolicy | OriginCheck> {
  const { name, level, source } = linked
  const place = source.kind === 'internal' ? 'kept with the link' : placeOf(question, source)
  const compared = { policy: name, place }
  const fail = (code: string, message: string) =>
    failedCheck('pipelinePolicy', { code, message, isLogged: level === 'log' }, compared)
  try {
    const yaml = source.kind === 'internal' ? source.yaml : await fetchPolicy(question, source)
    if (yaml === null)
      return fail(
        'PIPELINE_POLICY_NOT_FOUND',
        `The pipeline policy "${name}" is not in ${place}, or the token lacks contents: read. Commit it there, or correct the link.`,
      )
    return { name, level, policy: parsePipelinePolicy(yaml) }
  } catch (error) {
    if (error instanceof Refusal) return fail(error.code, `The pipeline policy "${name}", ${place}: ${error.message}`)
    if (error instanceof Unanswered)
      return fail(error.code, `The pipeline policy "${name}" in ${place} cannot be read: ${error.message}`)
    throw error
  }
}

type External = Extract<LinkedPolicy['source'], { kind: 'external' }>

function placeOf({ repository, defaultPath }: PolicyQuestion, source: External): string {
  return `${source.path ?? defaultPath} of the default branch of ${source.repository ?? repository.full_name}`
}

/** By the commit of the default branch: a tag can be named like the branch. `null` where there is no such file. */
async function fetchPolicy(
  { client, repository, defaultPath }: PolicyQuestion,
  source: External,
): Promise<string | null> {
  const holder =
    source.repository === undefined
      ? repository
      : await client.ask({
          name: 'policyRepository',
          path: pathOf('repos', ...source.repository.split('/')),
          schema: repositoryAnswer,
          permission: 'metadata: read',
        })
  const root = ['repos', ...holder.full_name.split('/')]
  const head = await client.find(refQuestion(root, 'heads', holder.default_branch))
  if (head === null) return null
  const content = await client.find({
    name: 'pipelinePolicy',
    path: pathOf(...root, 'contents', ...(source.path ?? defaultPath).split('/')),
    query: { ref: head.object.sha },
    schema: contentAnswer,
    permission: 'contents: read',
  })
  if (content?.type !== 'file' || content.encoding !== 'base64') return null
  const bytes = Buffer.from(content.content ?? '', 'base64')
  if (bytes.byteLength > 4 * longestPolicy)
    throw new Refusal(
      'PIPELINE_POLICY_TOO_LARGE',
      `The file has ${bytes.byteLength} bytes, more than a pipeline policy may have.`,
    )
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Refusal('PIPELINE_POLICY_MALFORMED', 'The file is not UTF-8 text.')
  }
}
