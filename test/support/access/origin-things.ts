import { randomUUID } from 'node:crypto'
import { createSigningPolicy } from '../../../application/create-signing-policy.ts'
import {
  failedCheck,
  fold,
  passedCheck,
  type Sha256Digest,
  type SigningRequestId,
  signingRequestDecider,
  streams,
  type TrustedBuildSystemId,
} from '../../../domain/index.ts'
import { readWholeStream } from '../../../event-log/index.ts'
import type { GraphQLTestServer } from '../graphql-server.ts'
import { anOrigin } from '../submission.ts'
import { policySettings } from './things.ts'

const demanded = { allowedBranches: ['main', 'release/*'] }

/**
 * Makes a policy that verifies origins, and a request with a verified one, of which everything is said.
 *
 * @param from a request that a build system vouched for
 */
export async function makeVerifiedRequest(server: GraphQLTestServer, from: string): Promise<void> {
  const { dependencies, setup, projectId, log, tell } = server
  const { hashSigningAllowed: _, ...settings } = policySettings(server, [], [])
  await createSigningPolicy(dependencies, setup, {
    projectId,
    slug: 'origin',
    settings: { ...settings, trustedBuildSystemRequired: true, originVerification: demanded },
  })
  const { events } = await readWholeStream(log, streams.signingRequest(from as SigningRequestId))
  const state = fold(signingRequestDecider, events)
  if (state.workflowStatus === 'none' || state.claimedOrigin === undefined) throw new Error('There is no such request.')
  const { organizationId, signingPolicyId, signingPolicyVersion, certificateId, approval, timestamp } = state
  const { existingSignatures, submitter, description, claimedOrigin, program } = state
  const source = { ...state.source, fileName: 'library.nupkg' }
  const signingRequestId = randomUUID() as SigningRequestId
  const repositoryUrl = 'https://git.example.org/team/program'
  await tell(signingRequestId, {
    type: 'SubmitSigningRequest',
    submission: {
      ...{ signingRequestId, organizationId, projectId, signingPolicyId, signingPolicyVersion, certificateId },
      ...{ approval, timestamp, existingSignatures, submitter, description, claimedOrigin, source, program },
      originVerification: { ...demanded, repositoryUrl },
    },
  })
  const { fileName, sha256, size } = source
  if (fileName === null || sha256 === null || size === null) throw new Error('The request has no artifact.')
  await tell(signingRequestId, { type: 'RecordRetrieval', artifact: { fileName, sha256, size } })
  const settingsDigest = 'ee'.repeat(32) as Sha256Digest
  const told = { code: 'ORIGIN_NODE_UNKNOWN', message: 'The node is one of ours.', isLogged: true }
  await tell(signingRequestId, {
    type: 'RecordOrigin',
    trustedBuildSystemId: claimedOrigin.trustedBuildSystemId satisfies TrustedBuildSystemId,
    kind: 'appVeyor',
    proof: 'api',
    origin: {
      ...anOrigin,
      repository: { ...anOrigin.repository, ownerId: '17' },
      build: {
        ...anOrigin.build,
        url: 'https://ci.example.com/7',
        definition: 'build.yml',
        calledDefinition: 'shared.yml',
      },
      actors: [{ role: 'pusher', system: 'https://ci.example.com', id: '99', name: 'anna' }],
      node: { subject: 'CN=node-1', issuer: 'CN=Nodes', serialNumber: '0a', template: '1.2.3', rule: 'nodes' },
    },
    checks: [passedCheck('run', { run: 7 }), failedCheck('node', told, { node: 'node-1' })],
    evidence: [{ name: 'settings', mediaType: 'application/json', sha256: settingsDigest, size: 10 }],
    peopleBehind: [],
  })
  await tell(signingRequestId, {
    type: 'RecordBuildData',
    artifact: { fileName, sha256: 'ad'.repeat(32) as Sha256Digest, size: size + 1 },
    repository: { type: 'git', url: anOrigin.repository.url, commitId: anOrigin.commitId },
    settings: { fileName: 'AppVeyorSettings.json', sha256: settingsDigest },
  })
}
