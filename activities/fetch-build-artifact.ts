import { failedChecks, Refusal, repositoryCheck } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { type ConnectorTools, keepNothing, type Origins, type UncheckedQuestion } from '../origin/index.ts'
import type { FetchBuildArtifact } from '../sources/index.ts'
import { askingAboutBuild, type BuildSystemSecrets } from './ask-build-system.ts'

/**
 * What fetches artifacts of builds: from the build system that vouched for the request, asked as it is when its origin is verified.
 *
 * @throws as `askingAboutBuild`; OriginError; Refusal `ORIGIN_NOT_VERIFIED` for a build that is not the project's
 */
export function buildArtifactFetcher(dependencies: {
  readonly log: EventLog
  readonly origins: Pick<Origins, 'fetchArtifact' | 'verify'>
  readonly secrets: Pick<BuildSystemSecrets, 'get'>
}): FetchBuildArtifact {
  const { origins } = dependencies
  return async (request, { signal = new AbortController().signal }) => {
    const { question, tools } = await askingAboutBuild(dependencies, request)
    const asking = { ...tools, keep: keepNothing, signal }
    if (request.originVerification === undefined) await requireOwnBuild(origins, question, asking)
    return origins.fetchArtifact(question, asking)
  }
}

/**
 * The credentials of a link may see builds of other projects, which whoever submits may not. Where the policy verifies origins, nobody
 * is given what was fetched until that is done; elsewhere it is asked here whose build it is.
 *
 * @throws Refusal `ORIGIN_NOT_VERIFIED`; OriginError that may pass
 */
async function requireOwnBuild(
  origins: Pick<Origins, 'verify'>,
  question: UncheckedQuestion,
  tools: Omit<ConnectorTools, 'api'>,
): Promise<void> {
  const { origin, checks } = await origins.verify(question, tools)
  const own = origin === null ? [] : [repositoryCheck(origin.repository.url, question.project.repositoryUrl)]
  const [failed] = failedChecks([...checks, ...own])
  if (origin !== null && failed === undefined) return
  throw new Refusal(
    'ORIGIN_NOT_VERIFIED',
    `The artifact was not fetched, since it is not known that the build is of the project. ${failed?.message ?? 'The build system says nothing of it.'}`,
    { reason: failed?.code ?? null },
  )
}
