import type { VerifiedOrigin } from '../../domain/verified-origin.ts'
import type { CheckList } from '../reading/index.ts'
import type { AzureApi } from './ask.ts'
import { type AzureDevOpsSettings, queueAnswer, runAnswer, timelineAnswer } from './forms.ts'

/** So many timelines of a build are read. Of a build with more, jobs remain of which nobody knows where they ran. */
const mostTimelines = 50

/** Where the jobs of a build ran, and how often one was tried at the most. */
export type Jobs = { readonly runners: VerifiedOrigin['build']['runners']; readonly attempt: number | null }

/** Looks at the jobs of every attempt: a stage that is run again leaves those of before in timelines of their own. */
export async function judgeJobs(
  checks: CheckList,
  api: AzureApi,
  buildId: string,
  { poolIds }: AzureDevOpsSettings,
): Promise<Jobs> {
  const unknown: Jobs = { runners: 'unknown', attempt: null }
  const seen = new Set<string>()
  const queueIds = new Set<number>()
  const waiting = ['']
  let [attempt, withoutQueue] = [1, 0]
  let isWhole = true
  for (const id of waiting) {
    if (seen.has(id)) continue
    if (seen.size >= mostTimelines) {
      isWhole = false
      break
    }
    seen.add(id)
    const path = ['build', 'builds', buildId, 'timeline', ...(id === '' ? [] : [id])]
    const read = await api.read(path, {
      check: 'timeline',
      what: `the timeline of the build ${buildId}`,
      scope: 'Build (read)',
      schema: timelineAnswer,
    })
    if (read === undefined) return unknown
    for (const record of read.value.records) {
      attempt = Math.max(attempt, record.attempt ?? 1)
      waiting.push(...(record.previousAttempts ?? []).map(({ timelineId }) => timelineId))
      // Jobs of the server itself, and those that were left out, have no agent.
      if (record.type !== 'Job' || !record.workerName) continue
      if (record.queueId) queueIds.add(record.queueId)
      else withoutQueue += 1
    }
  }
  const pools: { readonly id: number; readonly name: string; readonly isHosted: boolean }[] = []
  for (const id of queueIds) {
    const read = await api.read(['distributedtask', 'queues', String(id)], {
      check: 'queue',
      what: `the queue ${id}`,
      scope: 'Agent Pools (read)',
      schema: queueAnswer,
    })
    if (read === undefined) return unknown
    pools.push(read.value.pool)
  }
  const refused = poolIds === null ? [] : pools.filter(({ id }) => !poolIds.includes(id))
  const isKnown = isWhole && withoutQueue === 0 && pools.length > 0
  const isUnknown = poolIds !== null && !isKnown
  const named = (some: typeof pools) => some.map(({ id, name }) => `${name} (${id})`).join(', ')
  checks.add(
    'pools',
    { found: named(pools), linked: poolIds?.join(', '), jobsWithoutPool: withoutQueue, areAllAttemptsRead: isWhole },
    (refused.length > 0 || isUnknown) && {
      code: 'ORIGIN_RUNNER_NOT_ALLOWED',
      message: isUnknown
        ? 'Azure DevOps does not say in which agent pool every job ran, and the link allows some only. Build again; if it stays so, report it.'
        : `Jobs of the build ran in agent pools that the link does not name: ${named(refused)}. Run them in a pool of the link, or add the pool's id to it.`,
    },
  )
  const hosted = pools.every(({ isHosted }) => isHosted) ? 'hosted' : 'selfHosted'
  return { runners: isKnown ? hosted : 'unknown', attempt }
}

/** The files that said how to build. */
export type Definition = { readonly file: string | null; readonly template: string | null }

/** Reads which file and which template a build was made by, and judges the template where the link demands one. */
export async function judgeTemplate(
  checks: CheckList,
  api: AzureApi,
  { buildId, definitionId }: { readonly buildId: string; readonly definitionId: number },
  { requiredTemplate }: AzureDevOpsSettings,
): Promise<Definition> {
  const read = await api.read(['pipelines', String(definitionId), 'runs', buildId], {
    check: 'run',
    what: `the run ${buildId} of the YAML pipeline ${definitionId}`,
    scope: 'Build (read)',
    missing: 'ORIGIN_PIPELINE_NOT_YAML',
    schema: runAnswer,
  })
  if (read === undefined) return { file: null, template: null }
  const { yamlDetails, resources } = read.value
  const extended = (yamlDetails?.extendedTemplates ?? []).map(({ yamlFile, repoAlias, ref }) => ({
    path: yamlFile.replace(/^\//, ''),
    repositoryId: resources?.repositories?.[repoAlias ?? 'self']?.repository?.id ?? null,
    ref: ref ?? null,
  }))
  if (requiredTemplate !== null) {
    const required = { ...requiredTemplate, path: requiredTemplate.path.replace(/^\//, '') }
    const isMet = extended.some(
      ({ path, repositoryId, ref }) =>
        path === required.path && repositoryId === required.repositoryId && ref === required.ref,
    )
    const shown = extended.map(nameOf).join(', ')
    checks.add(
      'template',
      { required: nameOf(required), extended: shown },
      !isMet && {
        code: 'ORIGIN_TEMPLATE_MISSING',
        message: `The pipeline does not extend the template that the link demands, ${nameOf(required)}; it extends: ${shown || 'none'}.`,
      },
    )
  }
  return { file: yamlDetails?.rootYamlFile?.yamlFile ?? null, template: extended[0]?.path ?? null }
}

function nameOf(template: {
  readonly path: string
  readonly repositoryId: string | null
  readonly ref: string | null
}) {
  return `${template.path} of ${template.ref} in the repository ${template.repositoryId}`
}
