import type { ClaimedOrigin, DemandedOrigin } from '../../domain/index.ts'
import type { TestOrganization } from './test-organization.ts'

/** The branches that the policy of these tests allows. */
export const allowedBranches = ['main', 'release/*']

/** What is demanded of origins in an organization of the tests. */
export const demandedOrigin: DemandedOrigin = { allowedBranches, repositoryUrl: 'https://example.org/test' }

/** The origin that the build system of an organization claims; all of it can be said otherwise. */
export function claimedBy(
  { vouched }: Pick<TestOrganization, 'vouched'>,
  changes: Partial<NonNullable<ClaimedOrigin['repositoryData']>> = {},
): ClaimedOrigin {
  if (vouched === undefined) throw new Error('There is no build system.')
  return {
    trustedBuildSystemId: vouched.vouchedBy.trustedBuildSystemId,
    repositoryData: {
      url: 'git@example.org:test.git',
      branchName: 'refs/heads/release/2.1',
      commitId: 'AB'.repeat(20),
      sourceControlManagementType: 'git',
      ...changes,
    },
    buildData: { url: 'https://ci.example.org/7', buildSettingsFile: null },
  }
}
