import type { ClaimedOrigin, DemandedOrigin, SigningPolicySettings, SourceSummaryRule } from '../../domain/index.ts'
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

const aVerifier = {
  id: 'https://verifier.example/source',
  publicKeys: ['MCowBQYDK2VwAyEA12JPvQ5knATbSOQ/EMx4TqTR0C2gSdoE6wqIoeLFGh0='],
}
const aCertificate = `-----BEGIN CERTIFICATE-----\n${'A'.repeat(40)}\n-----END CERTIFICATE-----`

/** What a policy can demand of the source's verification summary. */
export const aSummaryRule: SourceSummaryRule = { level: 2, verifiers: [aVerifier], maximumAgeSeconds: 86_400 }

/** What a policy may not demand of origins, where its project has no repository: the code, why, and what it demands. */
export const refusedVerifications: readonly (readonly [string, string, Partial<SigningPolicySettings>])[] = [
  [
    'ORIGIN_VERIFICATION_NEEDS_BUILD_SYSTEM',
    'an origin that nobody vouches for',
    { originVerification: { allowedBranches } },
  ],
  [
    'ORIGIN_VERIFICATION_WITH_HASHES',
    'an origin of hashes',
    {
      trustedBuildSystemRequired: true,
      originVerification: { allowedBranches },
      hashSigningAllowed: true,
      timestamp: 'none',
    },
  ],
  [
    'ORIGIN_BRANCHES_INVALID',
    'no branch',
    { trustedBuildSystemRequired: true, originVerification: { allowedBranches: [] } },
  ],
  [
    'GLOB_MALFORMED',
    'a branch with a space around it',
    { trustedBuildSystemRequired: true, originVerification: { allowedBranches: [' main'] } },
  ],
  ...(
    [
      ['a level that there is not', { level: 5 as never }],
      ['a summary that nobody makes', { verifiers: [] }],
      ['a verifier twice', { verifiers: [aVerifier, aVerifier] }],
      ['a verifier that is no URI', { verifiers: [{ ...aVerifier, id: 'the verifier' }] }],
      ['a verifier without a key', { verifiers: [{ ...aVerifier, publicKeys: [] }] }],
      ['a verifier with a certificate for a key', { verifiers: [{ ...aVerifier, publicKeys: [aCertificate] }] }],
      ['a summary of no age at all', { maximumAgeSeconds: 0 }],
    ] as const
  ).map(
    ([what, changes]) =>
      [
        'SOURCE_SUMMARY_RULE_INVALID',
        what,
        {
          trustedBuildSystemRequired: true,
          originVerification: { allowedBranches, sourceSummary: { ...aSummaryRule, ...changes } },
        },
      ] as const,
  ),
  [
    'PROJECT_REPOSITORY_NEEDED',
    'an origin where the project has no repository',
    { trustedBuildSystemRequired: true, originVerification: { allowedBranches } },
  ],
]
