import type { ProjectId, UserId } from '../ids.ts'
import type { TrustedBuildSystemLink } from './events.ts'
import { linkOf } from './links.ts'
import type { TrustedBuildSystem } from './state.ts'

/**
 * The setting of a link that names the CI user as whom jobs of its build system submit by their identity token alone: the id of the
 * user. Links of every kind whose jobs have such tokens can have it.
 */
export const jobSubmitterSetting = 'submitter'

/** The CI user as whom jobs submit by their identity token alone; `null` where they cannot. */
export function jobSubmitterOf({ settings }: Pick<TrustedBuildSystemLink, 'settings'>): UserId | null {
  const submitter = Object.hasOwn(settings, jobSubmitterSetting) ? settings[jobSubmitterSetting] : undefined
  return typeof submitter === 'string' ? (submitter.toLowerCase() as UserId) : null
}

/** Whether jobs of a build system submit to a project as a user, by their identity token alone. */
export function isJobSubmitter(
  system: Pick<TrustedBuildSystem, 'links'>,
  projectId: ProjectId,
  userId: UserId,
): boolean {
  const link = linkOf(system, projectId)
  return link !== undefined && jobSubmitterOf(link) === userId
}
