import {
  type OrganizationId,
  type ProjectId,
  type SigningPolicyId,
  type SigningPolicySettings,
  streams,
  type TrustedBuildSystemId,
  type TrustedBuildSystemTokenId,
} from '../../../domain/index.ts'
import { aSummaryRule } from '../origins.ts'
import { fixedUuid } from '../submission.ts'
import { certificateHistories } from './certificate-histories.ts'
import { configurationHistories } from './configuration-histories.ts'
import {
  at,
  byBuildNode,
  byOperator,
  byPasskey,
  bySession,
  bySetup,
  byToken,
  digest,
  id,
  inForm,
  plannedDeadline,
  policySettings,
} from './facts.ts'
import { grantHistories } from './grant-histories.ts'
import { peopleHistories } from './people-histories.ts'
import { type EventHistory, requestHistories, type StoredDocuments } from './request-histories.ts'
import { securityHistories } from './security-histories.ts'
import { webHookHistories } from './web-hook-histories.ts'

/** What the examples of changes propose. */
const proposedChange = {
  organizationId: id.organization,
  target: streams.signingPolicy(id.policy),
  baseRevision: 0,
  events: [{ type: 'SigningPolicyReactivated', data: { schemaVersion: 1 } }],
  author: id.user,
  permission: 'administerProjects',
  requiredApprovals: 1,
  expiresAt: '2026-03-08T12:00:00.000Z',
  reason: 'The project goes on',
} as const

const controlledSettings = { ...policySettings, changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } }
const vouchedSettings = { ...policySettings, trustedBuildSystemRequired: true } as const
const originSettings = {
  ...vouchedSettings,
  originVerification: { allowedBranches: ['main', 'release/*'] },
} as const
const summarySettings = {
  ...originSettings,
  originVerification: { ...originSettings.originVerification, sourceSummary: aSummaryRule },
} as const
const hashSettings = { ...policySettings, timestamp: 'none', release: false, hashSigningAllowed: true } as const

/**
 * Histories that hold every type of event, in the newest form of each, and every kind of actor. What is once among the stored
 * examples stays there as it is, whatever becomes of the history here.
 */
export function eventHistories(documents: StoredDocuments): readonly EventHistory[] {
  return [
    {
      streamId: streams.organization(id.organization),
      events: [
        bySetup('OrganizationCreated', { organizationId: id.organization, name: 'Acme' }),
        bySession('ChangeControlChanged', { changeControl: { requiredApprovals: 1, lifetimeSeconds: 604_800 } }),
      ],
    },
    {
      streamId: streams.organization(fixedUuid<OrganizationId>('9')),
      events: [
        bySetup('OrganizationCreated', { organizationId: fixedUuid<OrganizationId>('9'), name: 'Acme' }),
        bySession('StatementKeyChanged', { keyId: id.key }),
        bySession('StatementKeyChanged', { keyId: null }),
        bySession('StatementKeyChanged', { keyId: id.importedKey }),
      ],
    },
    {
      streamId: streams.changeProposal(id.change),
      events: [
        bySession('ChangeProposed', { changeProposalId: id.change, ...proposedChange }),
        byPasskey('ChangeApproved', { approver: id.approver, comment: 'As agreed' }),
        byPasskey('ChangeApplied', { revision: 2 }),
      ],
    },
    {
      streamId: streams.changeProposal(id.staleChange),
      events: [
        bySession('ChangeProposed', {
          changeProposalId: id.staleChange,
          ...proposedChange,
          requiredApprovals: 2,
          reason: null,
        }),
        byPasskey('ChangeApproved', { approver: id.approver, comment: null }),
        bySession('ChangeApprovalInvalidated', { approver: id.approver }),
        bySession('ChangeLapsed', { reason: 'baseMoved' }),
      ],
    },
    {
      streamId: streams.changeProposal(id.rejectedChange),
      events: [
        bySetup('ChangeProposed', { changeProposalId: id.rejectedChange, ...proposedChange, author: null }),
        byPasskey('ChangeRejected', { rejectedBy: id.approver, comment: 'Not in this release' }),
      ],
    },
    ...grantHistories,
    ...webHookHistories,
    ...peopleHistories(),
    {
      streamId: streams.administrators(id.organization),
      events: [
        byToken('AdministratorCounted', { userId: id.user, revision: 1 }),
        byToken('AdministratorLeaving', { userId: id.approver, revision: 3 }),
      ],
    },
    {
      streamId: streams.group(id.group),
      events: [
        byToken('GroupCreated', {
          groupId: id.group,
          organizationId: id.organization,
          name: 'Releases',
          description: null,
          members: [id.user],
        }),
        byToken('GroupDescribed', { name: 'Release team', description: 'Who releases' }),
        byToken('GroupMembersChanged', { added: [id.approver], removed: [id.user] }),
      ],
    },
    {
      streamId: streams.projectSlug(fixedUuid('4')),
      events: [
        byToken('ProjectSlugReserved', { organizationId: id.organization, slug: 'tool', projectId: id.project }),
      ],
    },
    {
      streamId: streams.project(id.project),
      events: [
        byToken('ProjectCreated', {
          projectId: id.project,
          organizationId: id.organization,
          slug: 'tool',
          name: 'Tool',
          description: null,
          repositoryUrl: 'https://git.example/tool',
        }),
        byToken('ProjectDeactivated', { reason: 'Moved' }),
        byToken('ProjectReactivated', {}),
      ],
    },
    {
      streamId: streams.project(fixedUuid<ProjectId>('f')),
      events: [
        byToken('ProjectCreated', {
          projectId: fixedUuid<ProjectId>('f'),
          organizationId: id.organization,
          slug: 'driver',
          name: 'Driver',
          description: null,
          repositoryUrl: null,
          readers: [{ user: id.user }],
          configurators: [{ group: id.group }],
        }),
        byToken('ProjectChanged', {
          name: 'Driver',
          description: 'What we ship',
          readers: [{ group: id.group }],
          configurators: [{ user: id.user }],
        }),
        byToken('ProjectRepositoryChanged', {
          name: 'Driver',
          description: null,
          repositoryUrl: 'https://git.example/moved',
          readers: [{ user: id.approver }],
          configurators: [],
        }),
      ],
    },
    {
      streamId: streams.trustedBuildSystem(id.linkedBuildSystem),
      events: [
        byToken('TrustedBuildSystemCreated', {
          trustedBuildSystemId: id.linkedBuildSystem,
          organizationId: id.organization,
          slug: 'azure',
          kind: 'azureDevOps',
          name: 'Azure DevOps',
          description: null,
        }),
        byToken('TrustedBuildSystemTokenIssued', {
          tokenId: id.session as string as TrustedBuildSystemTokenId,
          tokenHash: digest('9a'),
          prefix: 'abcdef',
          previousTokenValidUntil: null,
        }),
        inForm(
          2,
          byToken('TrustedBuildSystemLinked', {
            projectId: id.project,
            settings: { baseUrl: 'https://dev.azure.com/example', project: 'tool', definitionIds: [7, 12] },
            secrets: [{ name: 'apiKey', secretId: id.linkSecret }],
          }),
        ),
        byToken('TrustedBuildSystemLinkChanged', {
          projectId: id.project,
          settings: { baseUrl: 'https://dev.azure.com/example', project: 'tool' },
          secrets: [{ name: 'apiKey', secretId: id.newLinkSecret }],
        }),
      ],
    },
    {
      streamId: streams.trustedBuildSystemSlug(fixedUuid('d')),
      events: [
        byToken('TrustedBuildSystemSlugReserved', {
          organizationId: id.organization,
          slug: 'jenkins',
          trustedBuildSystemId: id.buildSystem,
        }),
      ],
    },
    {
      streamId: streams.trustedBuildSystem(id.buildSystem),
      events: [
        byToken('TrustedBuildSystemCreated', {
          trustedBuildSystemId: id.buildSystem,
          organizationId: id.organization,
          slug: 'jenkins',
          kind: 'jenkins',
          name: 'Jenkins',
          description: null,
        }),
        byToken('TrustedBuildSystemTokenIssued', {
          tokenId: id.session as string as TrustedBuildSystemTokenId,
          tokenHash: digest('9a'),
          prefix: 'abcdef',
          previousTokenValidUntil: null,
        }),
        byToken('TrustedBuildSystemChanged', { name: 'Jenkins of releases', description: 'In Bonn' }),
        byToken('TrustedBuildSystemLinked', { projectId: id.project }),
        byToken('TrustedBuildSystemTokenIssued', {
          tokenId: id.buildSystemToken,
          tokenHash: digest('9b'),
          prefix: 'ghijkl',
          previousTokenValidUntil: plannedDeadline,
        }),
        byToken('TrustedBuildSystemDisabled', { reason: 'Compromised' }),
        byToken('TrustedBuildSystemEnabled', {}),
        byToken('TrustedBuildSystemUnlinked', { projectId: id.project }),
      ],
    },
    {
      streamId: streams.trustedBuildSystem(fixedUuid<TrustedBuildSystemId>('8')),
      events: [
        byToken('TrustedBuildSystemCreated', {
          trustedBuildSystemId: fixedUuid<TrustedBuildSystemId>('8'),
          organizationId: id.organization,
          slug: 'nodes',
          kind: 'authenticationProxy',
          name: 'Build nodes',
          description: null,
        }),
        byToken('TrustedBuildSystemProxyKeyRegistered', {
          keyId: digest('7a'),
          publicKey: 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=',
        }),
        byBuildNode('TrustedBuildSystemChanged', { name: 'Nodes of releases', description: null }),
        byToken('TrustedBuildSystemProxyKeyRemoved', { keyId: digest('7a'), reason: 'Replaced' }),
      ],
    },
    {
      streamId: streams.signingPolicySlug(fixedUuid('5')),
      events: [
        byToken('SigningPolicySlugReserved', { projectId: id.project, slug: 'release', signingPolicyId: id.policy }),
      ],
    },
    {
      streamId: streams.signingPolicy(id.policy),
      events: [
        byToken('SigningPolicyCreated', {
          signingPolicyId: id.policy,
          organizationId: id.organization,
          projectId: id.project,
          slug: 'release',
          settings: { ...policySettings, approval: null, timestamp: 'none' },
        }),
        byToken('SigningPolicyChanged', { version: 2, settings: policySettings }),
        byToken('SigningPolicyChanged', {
          version: 3,
          settings: { ...policySettings, certificateId: id.authorityCertificate },
          continuity: [
            {
              aspect: 'issuingAuthority',
              severity: 'alarm',
              before: digest('11'),
              after: digest('22'),
              effect: 'Another authority issued it.',
            },
          ],
        }),
        byToken('SigningPolicyDeactivated', { reason: null }),
        byToken('SigningPolicyReactivated', {}),
      ],
    },
    policyInForm(2, 'f', 'controlled', controlledSettings),
    policyInForm(3, 'd', 'builds', vouchedSettings),
    policyInForm(4, 'c', 'hashes', hashSettings),
    policyInForm(5, 'e', 'origin', originSettings),
    policyInForm(6, '6', 'source', summarySettings),
    ...certificateHistories,
    ...configurationHistories,
    ...requestHistories(documents),
    ...securityHistories,
    {
      streamId: streams.processKey('0123456789abcdef0123456789abcdef'),
      events: [
        byOperator('ProcessKeyRevoked', { keyId: '0123456789abcdef0123456789abcdef', since: at, reason: 'Stolen' }),
      ],
    },
  ]
}

/** A policy whose settings need this form of its events, and one change of it. */
function policyInForm(form: number, digit: string, slug: string, settings: SigningPolicySettings): EventHistory {
  const signingPolicyId = fixedUuid<SigningPolicyId>(digit)
  const created = { signingPolicyId, organizationId: id.organization, projectId: id.project, slug, settings }
  return {
    streamId: streams.signingPolicy(signingPolicyId),
    events: [
      inForm(form, byToken('SigningPolicyCreated', created)),
      inForm(form, byToken('SigningPolicyChanged', { version: 2, settings: { ...settings, approval: null } })),
    ],
  }
}
