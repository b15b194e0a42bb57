import { createProject } from '../../../application/create-project.ts'
import { createSigningPolicy } from '../../../application/create-signing-policy.ts'
import { linkTrustedBuildSystem } from '../../../application/trusted-build-system-links.ts'
import { createTrustedBuildSystem } from '../../../application/trusted-build-systems.ts'
import { buildSystemForms } from '../../../origin/index.ts'
import { administratorsInLog } from '../submitters-in-log.ts'
import type { TestOrganization } from '../test-organization.ts'
import type { BuildOfKind } from './right-builds.ts'

/**
 * A project whose policy verifies origins, with a build system of the build's kind; both are called alike.
 *
 * @param options.isVerified whether origins are verified; else a trusted build system is required, and no more
 */
export async function linkedProject(
  organization: TestOrganization,
  slug: string,
  build: BuildOfKind,
  { isVerified = true }: { readonly isVerified?: boolean } = {},
): Promise<{ readonly token: string }> {
  const { signer, setup, persons, certificateId, submitter, asking } = organization
  const { log, now } = signer
  const { secrets } = asking
  const dependencies = {
    log,
    now,
    persons,
    secrets,
    buildSystems: buildSystemForms,
    checkTarget: async () => undefined,
    administrators: administratorsInLog(log),
  }
  const { repositoryUrl, kind, settings, linkSecrets } = build
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
  const made = await createTrustedBuildSystem(dependencies, setup, { slug, name: slug, description: null, kind })
  const { trustedBuildSystemId } = made
  const given = Object.entries(linkSecrets).map(([name, value]) => ({ name, value }))
  await linkTrustedBuildSystem(dependencies, setup, { trustedBuildSystemId, projectId, settings, secrets: given })
  return { token: made.token }
}
