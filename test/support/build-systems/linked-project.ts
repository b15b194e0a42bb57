import { createProject } from '../../../application/create-project.ts'
import { createSigningPolicy } from '../../../application/create-signing-policy.ts'
import { linkTrustedBuildSystem } from '../../../application/trusted-build-system-links.ts'
import { createTrustedBuildSystem } from '../../../application/trusted-build-systems.ts'
import type { ProjectId, TrustedBuildSystemId } from '../../../domain/index.ts'
import { buildSystemForms } from '../../../origin/index.ts'
import { administratorsInLog } from '../submitters-in-log.ts'
import type { TestOrganization } from '../test-organization.ts'
import type { BuildOfKind } from './build-of-kind.ts'

/** What it takes to link a build system of a kind: where it is asked, and for which repository. */
export type LinkedBuild = Pick<BuildOfKind, 'kind' | 'repositoryUrl' | 'settings' | 'linkSecrets'>

/**
 * A project whose policy verifies origins, with a build system of the build's kind; both are called alike.
 *
 * @param options.isVerified whether origins are verified; else a trusted build system is required, and no more
 */
export async function linkedProject(
  organization: TestOrganization,
  slug: string,
  build: LinkedBuild,
  { isVerified = true }: { readonly isVerified?: boolean } = {},
): Promise<{
  readonly token: string
  readonly trustedBuildSystemId: TrustedBuildSystemId
  readonly projectId: ProjectId
}> {
  const { setup, certificateId, submitter } = organization
  const dependencies = dependenciesOf(organization)
  const { repositoryUrl } = build
  const { projectId } = await createProject(dependencies, setup, { slug, name: slug, description: null, repositoryUrl })
  await createSigningPolicy(dependencies, setup, {
    projectId,
    slug: 'release',
    settings: {
      name: 'Release',
      certificateId,
      submitters: [{ user: submitter }],
      approval: null,
      timestamp: 'none',
      release: false,
      existingSignatures: ['refuse'],
      trustedBuildSystemRequired: true,
      ...(isVerified && { originVerification: { allowedBranches: ['main'] } }),
    },
  })
  return { ...(await linkBuildSystem(organization, slug, projectId, build)), projectId }
}

/** Makes a build system and links it with a project. */
export async function linkBuildSystem(
  organization: TestOrganization,
  slug: string,
  projectId: ProjectId,
  { kind, settings, linkSecrets }: LinkedBuild,
): Promise<{ readonly token: string; readonly trustedBuildSystemId: TrustedBuildSystemId }> {
  const { setup } = organization
  const dependencies = dependenciesOf(organization)
  const made = await createTrustedBuildSystem(dependencies, setup, { slug, name: slug, description: null, kind })
  const { trustedBuildSystemId } = made
  const given = Object.entries(linkSecrets).map(([name, value]) => ({ name, value }))
  await linkTrustedBuildSystem(dependencies, setup, { trustedBuildSystemId, projectId, settings, secrets: given })
  return { token: made.token, trustedBuildSystemId }
}

function dependenciesOf({ signer: { log, now }, persons, asking: { secrets } }: TestOrganization) {
  const checkTarget = async () => undefined
  const administrators = administratorsInLog(log)
  return { log, now, persons, secrets, buildSystems: buildSystemForms, checkTarget, administrators }
}
