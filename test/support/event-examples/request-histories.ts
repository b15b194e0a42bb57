import {
  type Actor,
  type AnyDomainEvent,
  type BuildSecretId,
  type ClaimedOrigin,
  type Sha256Digest,
  type SigningPlanned,
  type SigningRequestId,
  type SourceSecretsId,
  streams,
  type UserId,
} from '../../../domain/index.ts'
import { fixedUuid } from '../submission.ts'

import {
  artifact,
  at,
  byBuild,
  byPasskey,
  bySigner,
  byToken,
  byWorkflow,
  digest,
  failure,
  id,
  inForm,
  plannedDeadline,
  submission,
  through,
} from './facts.ts'
/** A stream from its beginning, and who caused each of its events. What one actor caused in a row is one append. */
export type EventHistory = {
  readonly streamId: string
  readonly events: readonly (readonly [event: AnyDomainEvent, actor: Actor])[]
}

/** What a request's plan and manifest are known by, once they are stored. */
export type StoredDocuments = Readonly<Record<'plan' | 'manifest', { digest: Sha256Digest; document: Sha256Digest }>>

/** The request whose plan and manifest {@link eventHistories} are given. */
export const exampleRequest = fixedUuid<SigningRequestId>('2')

/** The request that a grant approves, and whose approval is taken back with it. */
export const grantedRequest = 'cdcdcdcd-cdcd-4dcd-8dcd-cdcdcdcdcdcd' as SigningRequestId

/** What the build system of {@link byBuild} says of the origin. */
const claimedOrigin: ClaimedOrigin = {
  trustedBuildSystemId: id.buildSystem,
  repositoryData: {
    url: 'https://example.com/team/program.git',
    branchName: 'release/2.1',
    commitId: '0f3c7d2e',
    sourceControlManagementType: 'git',
  },
  buildData: {
    url: 'https://ci.example.com/builds/7',
    buildSettingsFile: { fileName: 'build.yml', sha256: digest('bf'), size: 812 },
  },
}

/** The request that takes the artifact of {@link exampleRequest} again. */
const resubmittedRequest = 'bcbcbcbc-bcbc-4cbc-8cbc-bcbcbcbcbcbc' as SigningRequestId

/** The events of a request that is only there to end otherwise. */
function request(digit: string, ...more: EventHistory['events']): EventHistory {
  const signingRequestId = fixedUuid<SigningRequestId>(digit)
  return {
    streamId: streams.signingRequest(signingRequestId),
    events: [byToken('SigningRequestSubmitted', submission(signingRequestId)), ...more],
  }
}

/** The events of a request with other people behind the accounts of submitter and approver. */
function requestOfOthers(plan: { readonly planDigest: Sha256Digest }, planned: Planned): EventHistory {
  const signingRequestId = 'abababab-abab-4bab-abab-abababababab' as SigningRequestId
  const approval = { approver: id.approver, through, planDigest: plan.planDigest, comment: null }
  return {
    streamId: streams.signingRequest(signingRequestId),
    events: [
      inForm(
        2,
        byToken('SigningRequestSubmitted', { ...submission(signingRequestId), peopleBehind: [fixedUuid<UserId>('d')] }),
      ),
      byWorkflow('ArtifactRetrieved', { ...artifact }),
      byWorkflow('SigningPlanned', planned),
      inForm(2, byPasskey('ApprovalGranted', { ...approval, peopleBehind: [fixedUuid<UserId>('e')] })),
    ],
  }
}

function requestByGrant(plan: { readonly planDigest: Sha256Digest }, planned: Planned): EventHistory {
  const approval = { approver: id.approver, through, planDigest: plan.planDigest, comment: null, grantId: id.grant }
  return {
    streamId: streams.signingRequest(grantedRequest),
    events: [
      byToken('SigningRequestSubmitted', { ...submission(grantedRequest), version: '2.1' }),
      byWorkflow('ArtifactRetrieved', { ...artifact }),
      byWorkflow('SigningPlanned', planned),
      inForm(3, byWorkflow('ApprovalGranted', { ...approval, peopleBehind: [fixedUuid<UserId>('e')] })),
      inForm(2, byWorkflow('ApprovalInvalidated', { approver: id.approver, reason: 'grantRevoked' })),
    ],
  }
}

/** The events of a request whose link was not fetched by the moment at which it was to be canceled. */
function overdueLink(): EventHistory {
  const signingRequestId = 'dededede-dede-4ede-8ede-dededededede' as SigningRequestId
  const source = {
    kind: 'link',
    fileName: 'setup.exe',
    sha256: null,
    size: null,
    isAtHand: false,
    secretsId: 'efefefef-efef-4fef-8fef-efefefefefef' as SourceSecretsId,
    details: {
      url: 'https://builds.example.org/setup.exe',
      headerNames: ['Authorization'],
      fetchBefore: plannedDeadline,
    },
  }
  const submitted = { ...submission(signingRequestId), source, cancelAt: plannedDeadline }
  const reason = `It was not final by ${plannedDeadline}, as its submission demanded.`
  return {
    streamId: streams.signingRequest(signingRequestId),
    events: [
      byToken('SigningRequestSubmitted', submitted),
      inForm(2, byWorkflow('SigningRequestCanceled', { canceledBy: null, reason })),
    ],
  }
}

const demandedOrigin = {
  allowedBranches: ['main', 'release/*'],
  repositoryUrl: 'https://git.example/tool',
} as const

/** A request that says which build of its system it comes from, and brings secrets by which that is asked. */
function requestOfBuild(): EventHistory {
  const signingRequestId = '4b4b4b40-0f0f-4f0f-8f0f-0f0f0f0f0f0f' as SigningRequestId
  const secretId = '5b5b5b50-0f0f-4f0f-8f0f-0f0f0f0f0f0f' as BuildSecretId
  const build = {
    fields: { runId: '4711', artifactId: '12', attempt: 2 },
    secrets: [{ name: 'accessToken', secretId }],
  }
  const submitted = { ...submission(signingRequestId), claimedOrigin, originVerification: demandedOrigin, build }
  return {
    streamId: streams.signingRequest(signingRequestId),
    events: [
      inForm(4, byBuild('SigningRequestSubmitted', submitted)),
      byWorkflow('ArtifactRetrieved', { ...artifact }),
    ],
  }
}

/** The same, with a verified origin, one that was rejected, and one that could not be asked for. */
function requestsWithOrigin(plan: Planned): readonly EventHistory[] {
  const begun = (digit: string) => {
    const signingRequestId = `${digit.repeat(7)}0-0f0f-4f0f-8f0f-0f0f0f0f0f0f` as SigningRequestId
    const submitted = { ...submission(signingRequestId), claimedOrigin, originVerification: demandedOrigin }
    return {
      streamId: streams.signingRequest(signingRequestId),
      events: [
        inForm(3, byBuild('SigningRequestSubmitted', submitted)),
        byWorkflow('ArtifactRetrieved', { ...artifact }),
      ],
    }
  }
  const facts = {
    trustedBuildSystemId: id.buildSystem,
    kind: 'githubActions',
    evidence: [{ name: 'run', mediaType: 'application/json', sha256: digest('ee'), size: 4_096 }],
  } as const
  const passed = {
    name: 'repository',
    outcome: 'passed',
    code: null,
    inputs: [{ name: 'repository', value: 'git@git.example:tool.git' }],
    message: null,
  } as const
  const logged = {
    name: 'runners',
    outcome: 'logged',
    code: 'ORIGIN_NOT_A_BRANCH',
    inputs: [{ name: 'group', value: null }],
    message: 'The build ran elsewhere.',
  } as const
  const origin = {
    repository: { url: 'git@git.example:tool.git', id: '4711', ownerId: '17' },
    ref: { kind: 'branch', name: 'release/2.1' },
    commitId: 'ab'.repeat(20),
    build: {
      id: '7',
      url: 'https://ci.example.com/builds/7',
      attempt: 1,
      definition: '.github/workflows/release.yml',
      calledDefinition: null,
      trigger: 'push',
      runners: 'hosted',
    },
    actors: [{ role: 'pusher', system: 'https://api.github.example', id: '99', name: 'anna' }],
    node: {
      subject: 'CN=node-1,OU=Builds,O=Acme',
      issuer: 'CN=Acme Nodes,O=Acme',
      serialNumber: '0a1b',
      template: null,
      rule: 'release-nodes',
    },
  } as const
  const [verified, rejected, unanswered, packed] = [begun('1'), begun('2'), begun('3'), begun('4')]
  const library = { ...artifact, fileName: 'Library.2.1.0.nupkg' }
  const settings = { name: 'settings', mediaType: 'application/json', sha256: digest('5e'), size: 2_048 }
  const { node: _, ...byNobody } = origin
  return [
    {
      ...verified,
      events: [
        ...verified.events,
        byWorkflow('OriginVerified', {
          ...facts,
          checks: [passed, logged],
          proof: 'api',
          origin,
          peopleBehind: [id.approver],
        }),
        byWorkflow('SigningPlanned', plan),
      ],
    },
    {
      ...rejected,
      events: [
        ...rejected.events,
        byWorkflow('OriginRejected', { ...facts, checks: [passed, { ...logged, outcome: 'failed' }] }),
      ],
    },
    {
      ...packed,
      events: [
        ...packed.events.slice(0, 1),
        byWorkflow('ArtifactRetrieved', library),
        byWorkflow('OriginVerified', {
          ...facts,
          kind: 'appVeyor',
          evidence: [settings],
          checks: [passed],
          proof: 'api',
          origin: byNobody,
        }),
        byWorkflow('BuildDataAdded', {
          artifact: { ...library, sha256: digest('bd'), size: library.size + 1_024 },
          builtSha256: library.sha256,
          repository: { type: 'git', url: origin.repository.url, commitId: origin.commitId },
          settings: { fileName: 'AppVeyorSettings.json', sha256: settings.sha256 },
        }),
        byWorkflow('SigningPlanned', plan),
      ],
    },
    {
      ...unanswered,
      events: [
        ...unanswered.events,
        inForm(2, byWorkflow('SigningRequestFailed', { workflowStatus: 'OriginVerificationFailed', failure })),
      ],
    },
  ]
}

type Planned = Omit<SigningPlanned['data'], 'schemaVersion'>

/** Histories of requests: one that is signed, with this plan and manifest, and one for each other end. */
export function requestHistories({ plan, manifest }: StoredDocuments): readonly EventHistory[] {
  const planned = {
    planDigest: plan.digest,
    planDocument: plan.document,
    certificateThumbprint: digest('56'),
    plannerVersion: 1,
    nodeCount: 9,
    fileCount: 4,
  }
  return [
    requestByGrant(planned, { ...planned, approvalDeadline: null }),
    requestOfOthers(planned, { ...planned, approvalDeadline: null }),
    ...requestsWithOrigin({ ...planned, approvalDeadline: null }),
    requestOfBuild(),
    {
      streamId: streams.signingRequest(exampleRequest),
      events: [
        byBuild('SigningRequestSubmitted', { ...submission(exampleRequest), claimedOrigin }),
        byWorkflow('SigningRequestDelayed', { failure, since: at, nextTryAt: plannedDeadline, pauseSeconds: 30 }),
        byWorkflow('ArtifactRetrieved', { ...artifact }),
        byWorkflow('SigningPlanned', { ...planned, approvalDeadline: plannedDeadline }),
        byPasskey('ApprovalGranted', { approver: id.approver, through, planDigest: plan.digest, comment: 'Tested' }),
        byWorkflow('ApprovalInvalidated', { approver: id.approver, reason: 'removedFromGroup' }),
        byPasskey('ApprovalGranted', { approver: id.approver, through, planDigest: plan.digest, comment: null }),
        bySigner('SigningStarted', {
          attempt: 1,
          planDigest: plan.digest,
          certificateId: id.certificate,
          certificateThumbprint: digest('56'),
          keyId: id.key,
        }),
        bySigner('FilesSigned', {
          attempt: 1,
          fileCount: 4,
          manifestDigest: manifest.digest,
          manifestDocument: manifest.document,
          files: [
            {
              node: 0,
              path: ['release.zip'],
              unsignedSha256: digest('ab'),
              signedSha256: digest('cd'),
              signedSize: 5_010_000,
              signatures: [
                {
                  directive: 'authenticode-sign',
                  timestamp: { time: at, authority: 'CN=Time-stamp authority', uncovered: [] },
                },
              ],
            },
          ],
        }),
        bySigner('ProvenanceSigned', {
          attempt: 1,
          keyId: id.key,
          envelope: { sha256: digest('e5'), size: 2_310 },
          bundle: { sha256: digest('b5'), size: 2_480 },
        }),
        bySigner('SigningRequestCompleted', {
          attempt: 1,
          signedArtifact: { ...artifact, sha256: digest('cd'), size: 5_010_000 },
        }),
        byWorkflow('SigningRequestResubmitted', {
          resubmittedAs: resubmittedRequest,
          signingPolicyId: id.policy,
          resubmittedBy: id.approver,
        }),
      ],
    },
    request(
      'd',
      byWorkflow('ArtifactRetrieved', { ...artifact }),
      byWorkflow('SigningPlanned', { ...planned, approvalDeadline: null }),
      byPasskey('ApprovalDenied', { approver: id.approver, through, comment: 'Not yet' }),
    ),
    request(
      'e',
      byWorkflow('ArtifactRetrieved', { ...artifact }),
      byWorkflow('SigningPlanned', { ...planned, approvalDeadline: plannedDeadline }),
      byWorkflow('ApprovalExpired', { deadline: plannedDeadline }),
    ),
    request('f', byToken('SigningRequestCanceled', { canceledBy: id.user, reason: 'Built anew' })),
    overdueLink(),
    request('0', byWorkflow('SigningRequestFailed', { workflowStatus: 'ArtifactRetrievalFailed', failure })),
  ]
}
