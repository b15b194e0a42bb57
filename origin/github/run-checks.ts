import { failedCheck, type OriginCheck, passedCheck } from '../../domain/index.ts'
import { OriginError } from '../origin-error.ts'
import type { Repository, Run } from './answers.ts'
import type { GitHubBuild, GitHubSettings } from './settings.ts'

/** What is to be judged of a run. */
export type RunQuestion = {
  readonly repository: Repository
  readonly run: Run
  readonly settings: GitHubSettings
  readonly build: GitHubBuild
}

/** The states of a run in which its jobs may have done something. */
const begun = new Set(['in_progress', 'completed'])

/**
 * Judges a run by what GitHub says of it: its repository and the one of its commit, what began it, its workflow, and whether it
 * stands well.
 *
 * @throws OriginError `ORIGIN_BUILD_UNFINISHED`, passing: it has not begun, or must end first
 */
export function checkRun(question: RunQuestion): OriginCheck[] {
  requireBegun(question.run, question.settings)
  return [
    checkPinned(question),
    checkRepositoryOfRun(question),
    checkHeadRepository(question),
    checkEvent(question.run.event, question.settings),
    checkWorkflow(question),
    checkConclusion(question.run),
  ]
}

function requireBegun({ status, id }: Run, { requireFinishedRun }: GitHubSettings): void {
  const isBegun = status !== null && begun.has(status)
  if (isBegun && (status === 'completed' || !requireFinishedRun)) return
  throw new OriginError(
    'ORIGIN_BUILD_UNFINISHED',
    `The run ${id} is ${status ?? 'in no state that GitHub names'}${isBegun ? ', and the link asks for finished runs' : ''}. It is asked for again.`,
    { isPassing: true },
  )
}

function checkPinned({ repository, settings }: RunQuestion): OriginCheck {
  const { repositoryId, repositoryOwnerId } = settings
  return checkIds(
    { repositoryId: repository.id, repositoryOwnerId: repository.owner.id },
    { repositoryId, repositoryOwnerId },
  )
}

/** Ids of a repository and its owner. */
type Ids = { readonly repositoryId?: string | undefined; readonly repositoryOwnerId?: string | undefined }

/** Compares the ids of repository and owner with those that the link names. Names never decide. */
export function checkIds(actual: Ids, pinned: Ids): OriginCheck {
  const compared = {
    repositoryId: actual.repositoryId,
    expectedRepositoryId: pinned.repositoryId,
    repositoryOwnerId: actual.repositoryOwnerId,
    expectedRepositoryOwnerId: pinned.repositoryOwnerId,
  }
  const isOther = (['repositoryId', 'repositoryOwnerId'] as const).some(
    (name) => pinned[name] !== undefined && pinned[name] !== actual[name],
  )
  if (!isOther) return passedCheck('repositoryIds', compared)
  return failedCheck(
    'repositoryIds',
    {
      code: 'ORIGIN_REPOSITORY_ID_DIFFERENT',
      message:
        'The repository, or its owner, has another id than the link names: its name may have been given to another one. If it was moved on purpose, an administrator changes the link.',
    },
    compared,
  )
}

function checkRepositoryOfRun({ repository, run, build }: RunQuestion): OriginCheck {
  const said = build.repository
  const compared = { runId: run.id, repositoryOfRun: run.repository.id, repository: repository.id, said }
  const isSaid = said === undefined || said.toLowerCase() === repository.full_name.toLowerCase()
  if (run.repository.id === repository.id && isSaid) return passedCheck('repositoryOfRun', compared)
  return failedCheck(
    'repositoryOfRun',
    {
      code: 'ORIGIN_RUN_OTHER_REPOSITORY',
      message: `The run is not one of ${repository.full_name}, the repository of the project. Submit a run of that repository.`,
    },
    compared,
  )
}

function checkHeadRepository({ repository, run }: RunQuestion): OriginCheck {
  const compared = { headRepository: run.head_repository?.id, repository: repository.id }
  if (run.head_repository?.id === repository.id) return passedCheck('headRepository', compared)
  return failedCheck(
    'headRepository',
    {
      code: 'ORIGIN_FORK_REFUSED',
      message: `What the run built comes from another repository than ${repository.full_name}, such as a fork. Merge it, and build the branch.`,
    },
    compared,
  )
}

/** Whether an event may have begun a build. */
export function checkEvent(event: string, { allowedEvents }: GitHubSettings): OriginCheck {
  const compared = { event, allowedEvents: allowedEvents.join(', ') }
  if (/^pull_request/.test(event))
    return failedCheck(
      'event',
      {
        code: 'ORIGIN_PULL_REQUEST',
        message: `The build began by ${event}, so it may have built, or run, what somebody proposed. Merge it, and build the branch.`,
      },
      compared,
    )
  if (allowedEvents.includes(event)) return passedCheck('event', compared)
  return failedCheck(
    'event',
    {
      code: 'ORIGIN_EVENT_REFUSED',
      message: `The build began by ${event}, which the link does not allow. Begin it by one of ${allowedEvents.join(', ')}, or an administrator adds the event to the link.`,
    },
    compared,
  )
}

function checkWorkflow({ run, settings }: RunQuestion): OriginCheck {
  const { workflow } = settings
  const compared = { workflow: run.path, expected: workflow }
  // Some servers put the ref behind the file. Names of files and refs may hold `@`: what is expected is put together, not split.
  const refs = ['', `@${run.head_branch}`, `@refs/heads/${run.head_branch}`, `@refs/tags/${run.head_branch}`]
  if (workflow === undefined || refs.some((ref) => run.path === `${workflow}${ref}`))
    return passedCheck('workflow', compared)
  return failedCheck(
    'workflow',
    {
      code: 'ORIGIN_WORKFLOW_DIFFERENT',
      message: `The build was made by the workflow ${run.path}; the link asks for ${workflow}.`,
    },
    compared,
  )
}

function checkConclusion({ id, status, conclusion }: Run): OriginCheck {
  const compared = { runId: id, status, conclusion }
  if (status !== 'completed' || conclusion === 'success') return passedCheck('conclusion', compared)
  return failedCheck(
    'conclusion',
    {
      code: 'ORIGIN_BUILD_FAILED',
      message: `The run ended as ${conclusion ?? 'nothing that GitHub names'}. Submit one that succeeds.`,
    },
    compared,
  )
}
