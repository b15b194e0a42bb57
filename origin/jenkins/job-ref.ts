import type { ConnectorTools } from '../connector.ts'
import { pathOf } from '../http-api/index.ts'
import { type CheckList, type FullRef, readAnswer } from '../reading/index.ts'
import { folderAnswer } from './forms.ts'

/** The class of multibranch projects, each of whose jobs is of one branch, tag or change request. */
const multibranch = 'org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject'

/** What the views of a multibranch project say of the jobs in them (plugin Branch API). */
const kinds: Readonly<Record<string, 'branch' | 'tag' | 'pullRequest'>> = {
  default: 'branch',
  tags: 'tag',
  'change-requests': 'pullRequest',
}

/** The path of a job in Jenkins' addresses. */
export function jobPath(job: string): string {
  return job
    .split('/')
    .map((name) => pathOf('job', name))
    .join('/')
}

/**
 * What the job of a multibranch project is of, looked up in the project's views: a tag or a change request can be named like a
 * branch.
 *
 * @returns `'other'` for a job of no multibranch project; `undefined` when a check failed
 */
export async function refOfJob(
  checks: CheckList,
  { api }: ConnectorTools,
  job: string,
  headers: Readonly<Record<string, string>>,
): Promise<FullRef | 'other' | undefined> {
  const [name = '', ...folders] = job.split('/').toReversed()
  if (folders.length === 0) return 'other'
  const folder = folders.toReversed().join('/')
  const query = { tree: 'views[name,jobs[name]]' }
  const answer = await api.ask({ path: `${jobPath(folder)}/api/json`, query, headers })
  const found = readAnswer(checks, answer, folderAnswer, {
    system: 'Jenkins',
    check: 'folder',
    what: `the folder ${folder}`,
    permission: 'Job/Read',
    missing: 'ORIGIN_BUILD_NOT_FOUND',
  })
  if (found === undefined) return undefined
  if (found._class !== multibranch) return 'other'
  const views = (found.views ?? []).filter(({ jobs }) => (jobs ?? []).some((each) => each.name === name))
  const of = [...new Set(views.flatMap((view) => kinds[view.name] ?? []))]
  const [kind] = of
  checks.add(
    'jobKind',
    { job, views: views.map((view) => view.name).join(', ') },
    (kind === undefined || of.length > 1) && {
      code: 'ORIGIN_REF_UNKNOWN',
      message: `Jenkins does not show whether the job ${job} is of a branch, a tag or a change request: it is in none of the project's views, or in several. Give the user of the API token the permission View/Read.`,
    },
  )
  if (kind === undefined || of.length > 1) return undefined
  // The name of a job is percent-encoded where the branch has a slash.
  return kind === 'pullRequest' ? { kind } : { kind, name: decodedName(name) }
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
