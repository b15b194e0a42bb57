import { type OrganizationId, type ProjectId, streams } from '../domain/index.ts'
import { uuidFromText } from '../event-log/index.ts'

/**
 * The stream that says which project of an organization has a slug. Its name is a digest: signatures of appends name
 * streams that the same process wrote before, of whatever organization, and stand in everybody's export.
 *
 * @param slug in lower case
 */
export function projectSlugStream(organizationId: OrganizationId, slug: string): string {
  return streams.projectSlug(uuidFromText(JSON.stringify(['projectSlug', organizationId, slug])))
}

/**
 * The stream that says which signing policy of a project has a slug, named as {@link projectSlugStream} is.
 *
 * @param slug in lower case
 */
export function signingPolicySlugStream(projectId: ProjectId, slug: string): string {
  return streams.signingPolicySlug(uuidFromText(JSON.stringify(['signingPolicySlug', projectId, slug])))
}

/**
 * The stream that says which trusted build system of an organization has a slug, named as {@link projectSlugStream} is.
 *
 * @param slug in lower case
 */
export function trustedBuildSystemSlugStream(organizationId: OrganizationId, slug: string): string {
  return streams.trustedBuildSystemSlug(uuidFromText(JSON.stringify(['trustedBuildSystemSlug', organizationId, slug])))
}

/**
 * The stream that says which artifact configuration of a project has a slug, named as {@link projectSlugStream} is.
 *
 * @param slug in lower case
 */
export function artifactConfigurationSlugStream(projectId: ProjectId, slug: string): string {
  return streams.artifactConfigurationSlug(uuidFromText(JSON.stringify(['artifactConfigurationSlug', projectId, slug])))
}
