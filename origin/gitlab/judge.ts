import type { VerifiedOrigin } from '../../domain/index.ts'
import type { CheckList } from '../reading/index.ts'
import type { GitLabSettings } from './settings.ts'

/** Which project it is, by ids: its path could be another one's tomorrow. */
export function checkPins(
  checks: CheckList,
  actual: { readonly projectId: string; readonly namespaceId: string },
  { projectId, namespaceId }: GitLabSettings,
): boolean {
  const compared = { ...actual, expectedProjectId: projectId, expectedNamespaceId: namespaceId }
  const isSame = actual.projectId === projectId && actual.namespaceId === namespaceId
  return checks.add(
    'repositoryIds',
    compared,
    !isSame && {
      code: 'ORIGIN_REPOSITORY_ID_DIFFERENT',
      message: `The build is of the project ${actual.projectId} in the namespace ${actual.namespaceId}; the link is with the project ${projectId} in ${namespaceId}. Build there; if the project was moved, an administrator corrects the link.`,
    },
  )
}

/** What began the pipeline: the branch alone does not say whose code ran. */
export function checkSource(checks: CheckList, source: string, { allowedSources }: GitLabSettings): boolean {
  return checks.add(
    'trigger',
    { source, allowed: allowedSources.join(', ') },
    !allowedSources.includes(source) && {
      code: 'ORIGIN_EVENT_REFUSED',
      message: `The pipeline was begun by ${source}, and the link takes ${allowedSources.join(', ')}. Build the branch by one of these, or have an administrator allow it.`,
    },
  )
}

/** Whether not everybody who may push could have brought what was built. */
export function checkProtected(
  checks: CheckList,
  compared: { readonly ref: string; readonly isProtected: boolean },
  { requireProtectedRef }: GitLabSettings,
): boolean {
  return checks.add(
    'protectedRef',
    { ...compared, required: requireProtectedRef },
    requireProtectedRef &&
      !compared.isProtected && {
        code: 'ORIGIN_REF_NOT_PROTECTED',
        message: `${compared.ref} is not protected in GitLab, and the link asks for that. A maintainer protects it (Settings, Repository), or an administrator changes the link.`,
      },
  )
}

/** Whether GitLab's own machines ran it, where the link asks for that. */
export function checkRunners(
  checks: CheckList,
  runners: VerifiedOrigin['build']['runners'],
  compared: Readonly<Record<string, string | null>>,
  { requireHostedRunners }: GitLabSettings,
): boolean {
  return checks.add(
    'runners',
    { runners, ...compared, hostedRequired: requireHostedRunners },
    requireHostedRunners &&
      runners !== 'hosted' && {
        code: 'ORIGIN_RUNNER_NOT_ALLOWED',
        message: `A job ran on runners that are ${runners === 'unknown' ? 'not known' : 'not of GitLab'}, and the link asks for runners of GitLab. Run it there, or have an administrator change the link.`,
      },
  )
}

/** What is known of all jobs together: hosted only where each was. */
export function runnersOfAll(all: readonly VerifiedOrigin['build']['runners'][]): VerifiedOrigin['build']['runners'] {
  if (all.every((runners) => runners === 'hosted')) return 'hosted'
  return all.includes('selfHosted') ? 'selfHosted' : 'unknown'
}
