import { createSigningPolicy } from '../../../application/create-signing-policy.ts'
import type { SigningRequestId } from '../../../domain/index.ts'
import type { GraphQLTestServer } from '../graphql-server.ts'
import { aSummaryRule } from '../origins.ts'
import { policySettings } from './things.ts'

const originVerification = { allowedBranches: ['main', 'release/*'], sourceSummary: aSummaryRule }

/**
 * Makes a policy that verifies origins, and a request with a verified one, of which everything is said.
 *
 * @param from a request that a build system vouched for
 */
export async function makeVerifiedRequest(server: GraphQLTestServer, from: string): Promise<void> {
  const { dependencies, setup, projectId } = server
  const { hashSigningAllowed: _, ...settings } = policySettings(server, [], [])
  await createSigningPolicy(dependencies, setup, {
    projectId,
    slug: 'origin',
    settings: { ...settings, trustedBuildSystemRequired: true, originVerification },
  })
  await server.verify(from as SigningRequestId)
}
