import { randomUUID } from 'node:crypto'
import type { Permission } from '../../../domain/index.ts'
import { programConfiguration } from '../configurations.ts'
import { ofBuildActors, type Things } from './things.ts'

/** How a route is asked, in a way that succeeds for whoever has its permission; as {@link Asked}. */
export type AskedRoute = {
  readonly path: (things: Things) => Promise<string>
  readonly body?: string | ((things: Things) => Promise<string>)
  readonly headers?: Readonly<Record<string, string>>
  /** Where another permission than the route's own decides: about this thing. */
  readonly permission?: Permission
  /** What it is about belongs to no project yet: a token's projects do not matter. */
  readonly isOfNoProject?: true
  /** What whoever has the permission is answered, where success needs what a test of this kind has not. */
  readonly status?: number
  /** What stands at the end of what is read, of an answer that does not end by itself. */
  readonly endsWith?: string
  /** Where an answer says by itself that something was refused. */
  readonly isRefusedIn?: (text: string) => boolean
}

type Body = (of: Things) => Promise<Readonly<Record<string, unknown>>>

/** Routes of the administration by REST, as `asked.ts` has those of everything else. */
export const askedAdministration: Readonly<Record<string, AskedRoute>> = {
  ...route('GET', 'Projects'),
  ...route('GET', 'Projects/:projectId', { id: (of) => of.project() }),
  ...route('GET', 'Projects/:projectId/Versions', { id: (of) => of.project() }),
  ...route('POST', 'Projects', { body: async () => ({ slug: `p-${randomUUID()}`, name: 'Another' }) }),
  ...route('PUT', 'Projects/:projectId', {
    id: (of) => of.project(),
    body: async () => ({ basedOnRevision: 0, name: 'Renamed' }),
  }),
  ...route('POST', 'Projects/:projectId/Deactivate', { id: (of) => of.project() }),
  ...route('POST', 'Projects/:projectId/Reactivate', { id: (of) => of.inactiveProject() }),

  ...route('GET', 'SigningPolicies'),
  ...route('GET', 'SigningPolicies/:signingPolicyId', { id: (of) => of.policy() }),
  ...route('GET', 'SigningPolicies/:signingPolicyId/Versions', { id: (of) => of.policy() }),
  ...route('POST', 'SigningPolicies', {
    body: async (of) => ({ projectId: await of.project(), slug: 'another', settings: await settings(of) }),
  }),
  ...route('PUT', 'SigningPolicies/:signingPolicyId', {
    id: (of) => of.policy(),
    body: async (of) => ({ basedOnRevision: 0, settings: await settings(of) }),
  }),
  ...route('POST', 'SigningPolicies/:signingPolicyId/Deactivate', { id: (of) => of.policy() }),
  ...route('POST', 'SigningPolicies/:signingPolicyId/Reactivate', { id: (of) => of.inactivePolicy() }),

  ...route('GET', 'ArtifactConfigurations'),
  ...route('GET', 'ArtifactConfigurations/:artifactConfigurationId', { id: (of) => of.artifactConfiguration() }),
  ...route('GET', 'ArtifactConfigurations/:artifactConfigurationId/Versions', {
    id: (of) => of.artifactConfiguration(),
  }),
  ...route('GET', 'ArtifactConfigurations/:artifactConfigurationId/Versions/:version/Document', {
    id: (of) => of.artifactConfiguration(),
    rest: '/Versions/1/Document',
  }),
  ...route('POST', 'ArtifactConfigurations', {
    body: async (of) => ({
      projectId: await of.namedProject(),
      slug: `c-${randomUUID()}`,
      name: 'Another',
      document: programConfiguration(),
    }),
  }),
  ...route('POST', 'ArtifactConfigurations/Validate', { body: async () => ({ document: programConfiguration() }) }),
  ...route('PUT', 'ArtifactConfigurations/:artifactConfigurationId/Document', {
    id: (of) => of.artifactConfiguration(),
    body: async () => ({ basedOnRevision: 0, document: programConfiguration('another') }),
  }),
  ...route('PUT', 'ArtifactConfigurations/:artifactConfigurationId', {
    id: (of) => of.artifactConfiguration(),
    body: async () => ({ name: 'Renamed' }),
  }),
  ...route('POST', 'ArtifactConfigurations/:artifactConfigurationId/Deactivate', {
    id: (of) => of.artifactConfiguration(),
  }),
  ...route('POST', 'ArtifactConfigurations/:artifactConfigurationId/Reactivate', {
    id: (of) => of.inactiveArtifactConfiguration(),
  }),
  ...route('PUT', 'Projects/:projectId/DefaultArtifactConfiguration', {
    id: (of) => of.namedProject(),
    body: async (of) => ({ artifactConfigurationId: await of.artifactConfiguration() }),
  }),

  ...route('GET', 'Users'),
  ...route('GET', 'Users/:userId', { id: (of) => of.user() }),
  ...route('POST', 'Users/Invite', { body: async () => ({ email: `ivy-${randomUUID()}@example.com` }) }),
  ...route('POST', 'Users/CiUsers', { body: async (of) => ({ name: 'CI', responsible: await of.user() }) }),
  ...route('POST', 'Users/:userId/ResendInvitation', { id: (of) => of.invitedUser() }),
  ...route('POST', 'Users/:userId/RevokeInvitation', { id: (of) => of.invitedUser() }),
  ...route('POST', 'Users/:userId/Deactivate', { id: (of) => of.user() }),
  ...route('POST', 'Users/:userId/Reactivate', { id: (of) => of.deactivatedUser() }),
  ...route('POST', 'Users/:userId/Erase', { id: (of) => of.readingUser() }),
  ...route('PUT', 'Users/:userId/Roles/:role', { id: (of) => of.user(), rest: '/Roles/globalReader' }),
  ...route('DELETE', 'Users/:userId/Roles/:role', { id: (of) => of.readingUser(), rest: '/Roles/globalReader' }),
  ...route('POST', 'Users/:userId/ApiTokens', { id: (of) => of.tokenHolder(), body: async () => ({ name: 'x' }) }),
  'DELETE /Api/v1/:organizationId/Users/:userId/ApiTokens/:apiTokenId': {
    path: async (of) => {
      const { userId, apiTokenId } = await of.apiToken()
      return `/Api/v1/${await of.organizationId()}/Users/${userId}/ApiTokens/${apiTokenId}`
    },
  },

  ...route('PUT', 'Users/:userId/BuildActors/:actorId', {
    id: (of) => of.user(),
    rest: `/BuildActors/${randomUUID()}`,
    body: async () => ({ system: ofBuildActors }),
  }),
  'DELETE /Api/v1/:organizationId/Users/:userId/BuildActors/:actorId': {
    path: async (of) => {
      const { userId, actorId } = await of.linkedUser()
      return `/Api/v1/${await of.organizationId()}/Users/${userId}/BuildActors/${actorId}`
    },
    body: JSON.stringify({ system: ofBuildActors }),
    headers: { 'content-type': 'application/json' },
  },

  ...route('GET', 'Groups'),
  ...route('GET', 'Groups/:groupId', { id: (of) => of.group() }),
  ...route('POST', 'Groups', { body: async () => ({ name: `Group ${randomUUID()}` }) }),
  ...route('PUT', 'Groups/:groupId', {
    id: (of) => of.group(),
    body: async () => ({ basedOnRevision: 0, name: `Group ${randomUUID()}` }),
  }),
  ...route('POST', 'Groups/:groupId/Members', {
    id: (of) => of.group(),
    body: async (of) => ({ add: [await of.user()] }),
  }),

  ...route('GET', 'TrustedBuildSystems'),
  ...route('GET', 'TrustedBuildSystems/:trustedBuildSystemId', { id: (of) => of.trustedBuildSystem() }),
  ...route('POST', 'TrustedBuildSystems', {
    body: async () => ({ slug: `b-${randomUUID()}`, name: 'Another', kind: 'custom' }),
  }),
  ...route('PUT', 'TrustedBuildSystems/:trustedBuildSystemId', {
    id: (of) => of.trustedBuildSystem(),
    // Its first token came with it.
    body: async () => ({ basedOnRevision: 1, name: 'Renamed' }),
  }),
  ...route('POST', 'TrustedBuildSystems/:trustedBuildSystemId/RotateToken', { id: (of) => of.trustedBuildSystem() }),
  ...route('POST', 'TrustedBuildSystems/:trustedBuildSystemId/Disable', { id: (of) => of.trustedBuildSystem() }),
  ...route('POST', 'TrustedBuildSystems/:trustedBuildSystemId/Enable', {
    id: (of) => of.disabledTrustedBuildSystem(),
  }),
  'PUT /Api/v1/:organizationId/TrustedBuildSystems/:trustedBuildSystemId/Projects/:projectId': {
    path: async (of) =>
      `/Api/v1/${await of.organizationId()}/TrustedBuildSystems/${await of.trustedBuildSystem()}/Projects/${await of.project()}`,
  },
  'PATCH /Api/v1/:organizationId/TrustedBuildSystems/:trustedBuildSystemId/Projects/:projectId': {
    async path(of) {
      const { trustedBuildSystemId, projectId } = await of.linkedTrustedBuildSystem()
      return `/Api/v1/${await of.organizationId()}/TrustedBuildSystems/${trustedBuildSystemId}/Projects/${projectId}`
    },
    body: JSON.stringify({ secrets: [{ name: 'apiKey', value: 'another key' }] }),
    headers: { 'content-type': 'application/json' },
  },
  'DELETE /Api/v1/:organizationId/TrustedBuildSystems/:trustedBuildSystemId/Projects/:projectId': {
    path: async (of) => {
      const { trustedBuildSystemId, projectId } = await of.linkedTrustedBuildSystem()
      return `/Api/v1/${await of.organizationId()}/TrustedBuildSystems/${trustedBuildSystemId}/Projects/${projectId}`
    },
  },
  ...route('POST', 'TrustedBuildSystems/:trustedBuildSystemId/ProxyKeys', {
    id: async (of) => (await of.newProxyKey()).trustedBuildSystemId,
    body: async (of) => ({ publicKey: (await of.newProxyKey()).publicKey }),
  }),
  'DELETE /Api/v1/:organizationId/TrustedBuildSystems/:trustedBuildSystemId/ProxyKeys/:keyId': {
    path: async (of) => {
      const { trustedBuildSystemId, keyId } = await of.proxyKey()
      return `/Api/v1/${await of.organizationId()}/TrustedBuildSystems/${trustedBuildSystemId}/ProxyKeys/${keyId}`
    },
  },

  ...route('GET', 'WebHooks'),
  ...route('GET', 'WebHooks/:webHookId', { id: (of) => of.webHook() }),
  ...route('POST', 'WebHooks', {
    body: async (of) => ({ projectId: await of.namedProject(), name: 'Another', url: 'https://hooks.example/' }),
  }),
  ...route('PUT', 'WebHooks/:webHookId', {
    id: (of) => of.webHook(),
    body: async () => ({
      basedOnRevision: 0,
      name: 'Renamed',
      url: 'https://hooks.example/other',
      eventTypes: ['failed'],
    }),
  }),
  ...route('POST', 'WebHooks/:webHookId/RotateSecret', { id: (of) => of.webHook() }),
  ...route('POST', 'WebHooks/:webHookId/Disable', { id: (of) => of.webHook() }),
  ...route('POST', 'WebHooks/:webHookId/Enable', { id: (of) => of.disabledWebHook() }),
  ...route('DELETE', 'WebHooks/:webHookId', { id: (of) => of.webHook() }),
  ...route('GET', 'WebHooks/:webHookId/Deliveries', { id: (of) => of.webHook() }),
  ...route('GET', 'WebHookDeliveries/:deliveryId', { id: (of) => of.webHookDelivery() }),
  ...route('POST', 'WebHookDeliveries/:deliveryId/Resend', { id: (of) => of.webHookDelivery() }),

  ...route('GET', 'Certificates'),
  ...route('GET', 'Certificates/:certificateId', { id: (of) => of.certificate() }),
  ...route('PUT', 'Certificates/:certificateId/Restrictions', {
    id: (of) => of.certificate(),
    body: async () => ({ restrictions: { minimumApprovals: 1, originVerification: false, timestamp: true } }),
  }),
  ...route('POST', 'Certificates/:certificateId/Install', {
    id: (of) => of.certificate(),
    body: async () => ({ file: 'MAA=' }),
    status: 400,
  }),
  ...route('POST', 'Certificates/:certificateId/Expiry', {
    id: (of) => of.certificate(),
    body: async () => ({ expiresAt: null }),
    status: 400,
  }),
  ...route('POST', 'Certificates/OpenPgp', {
    body: async (of) => ({
      name: 'Downloads',
      userId: 'Acme Releases <release@acme.example>',
      key: { keyId: await of.key() },
    }),
  }),
  ...route('POST', 'Certificates/:certificateId/Renew', { id: (of) => of.certificate() }),
  ...route('POST', 'Certificates/:certificateId/Disable', { id: (of) => of.certificate() }),
  ...route('POST', 'Certificates/:certificateId/Enable', { id: (of) => of.disabledCertificate() }),

  ...route('POST', 'Certificates/SelfSigned', {
    body: async (of) => ({
      ...(await certificateOf(of)),
      notBefore: '2020-01-01T00:00:00.000Z',
      notAfter: '2090-01-01T00:00:00.000Z',
    }),
  }),
  ...route('POST', 'Certificates/Request', { body: certificateOf }),
  ...route('POST', 'Certificates/Import', {
    body: async () => ({ name: 'Imported', publicKey: 'MAA=', file: 'MAA=' }),
    status: 400,
  }),
  ...route('POST', 'Certificates/:certificateId/CompleteImport', {
    id: (of) => of.certificate(),
    body: async () => ({ wrappedSecret: 'MAA=', wrappedKey: 'MAA=' }),
    status: 400,
  }),
  'GET /Api/v1/:organizationId/Certificates/:certificateId/Continuity': {
    path: async (of) =>
      `/Api/v1/${await of.organizationId()}/Certificates/${await of.certificate()}/Continuity?after=${await of.disabledCertificate()}`,
  },

  ...route('GET', 'Keys'),
  ...route('GET', 'Keys/:keyId', { id: (of) => of.key() }),
  ...route('POST', 'Keys/:keyId/Disable', { id: (of) => of.key() }),
  ...route('POST', 'Keys/:keyId/RequestDeletion', { id: (of) => of.key() }),
  ...route('POST', 'Keys/:keyId/ConfirmDeletion', {
    id: (of) => of.key(),
    body: async () => ({ label: 'a label' }),
    status: 400,
  }),
  ...route('POST', 'Keys/:keyId/WithdrawDeletion', { id: (of) => of.key(), status: 400 }),

  ...route('PUT', 'Organization/StatementKey', { body: async (of) => ({ keyId: await of.key() }) }),

  ...route('GET', 'Grants'),
  ...route('GET', 'Grants/:grantId', { id: (of) => of.grant() }),
  ...route('POST', 'Grants', {
    body: async (of) => ({
      project: await of.namedProject(),
      signingPolicy: await of.namedPolicy(),
      until: new Date(Date.now() + 3_600_000).toISOString(),
      maximumRequests: 1,
      fileNames: ['*.exe'],
    }),
  }),
  ...route('POST', 'Grants/:grantId/Revoke', { id: (of) => of.grant() }),

  ...route('GET', 'Keys/:keyId/RunningRequests', { id: (of) => of.key() }),
  ...route('GET', 'Certificates/:certificateId/RunningRequests', { id: (of) => of.certificate() }),
  ...route('GET', 'Certificates/:certificateId/SigningPolicies', { id: (of) => of.certificate() }),
  ...route('GET', 'Users/:userId/RunningRequests', { id: (of) => of.user() }),
  ...route('GET', 'Groups/:groupId/RunningRequests', { id: (of) => of.group() }),
  ...route('GET', 'TrustedBuildSystems/:trustedBuildSystemId/RunningRequests', {
    id: (of) => of.trustedBuildSystem(),
  }),
  ...route('POST', 'SigningPolicies/:signingPolicyId/Simulate', {
    id: (of) => of.namedPolicy(),
    body: async (of) => ({ user: await of.user(), branch: 'main' }),
  }),
  ...route('GET', 'ChangeProposals/:changeProposalId/PastSimulation', { id: (of) => of.changeProposal() }),

  ...route('GET', 'Viewer'),
  ...route('PUT', 'Viewer/NotificationPreferences', {
    body: async () => ({ preferences: { requestOutcome: 'daily' } }),
  }),

  ...route('GET', 'AuditEvents'),
  'GET /Api/v1/:organizationId/History/:kind/:id': {
    path: async (of) => `/Api/v1/${await of.organizationId()}/History/project/${await of.project()}`,
  },
  ...route('GET', 'SecurityRefusals'),
  ...route('GET', 'UnusualActivity'),

  ...route('GET', 'Organization'),
  ...route('GET', 'ChangeProposals'),
  ...route('GET', 'ChangeProposals/:changeProposalId', { id: (of) => of.changeProposal() }),
  // Whoever decides about what is proposed must have the permission for it themselves.
  ...route('POST', 'ChangeProposals/:changeProposalId/Approve', {
    id: (of) => of.changeProposal(),
    permission: 'administerUsers',
  }),
  ...route('POST', 'ChangeProposals/:changeProposalId/Reject', {
    id: (of) => of.changeProposal(),
    permission: 'administerUsers',
  }),
  // Last: what changes rules is proposed from now on.
  ...route('PUT', 'Organization/ChangeControl', {
    body: async () => ({ changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } }),
  }),
}

type RouteParts = {
  readonly id?: (of: Things) => Promise<string>
  readonly rest?: string
  readonly body?: Body
  readonly status?: number
  readonly permission?: Permission
}

/** Sends a body as JSON where there is one; `rest` is what stands behind the id in place of parameters. */
function route(
  method: string,
  url: string,
  { id, rest, body, status, permission }: RouteParts = {},
): Readonly<Record<string, AskedRoute>> {
  return {
    [`${method} /Api/v1/:organizationId/${url}`]: {
      async path(of) {
        const [family, , ...behind] = url.split('/')
        const named = id === undefined ? url : [family, await id(of), ...(rest === undefined ? behind : [])].join('/')
        return `/Api/v1/${await of.organizationId()}/${named}${rest ?? ''}`
      },
      ...(status === undefined ? {} : { status }),
      ...(permission === undefined ? {} : { permission }),
      ...(method === 'GET' || body === undefined
        ? {}
        : {
            headers: { 'content-type': 'application/json' },
            body: async (of: Things) => JSON.stringify(await body(of)),
          }),
    },
  }
}

async function certificateOf(of: Things) {
  return { name: 'Another', subject: { commonName: 'Another' }, key: { keyId: await of.key() } }
}

async function settings(of: Things) {
  return {
    name: 'Changed',
    certificateId: await of.certificate(),
    submitters: [{ user: await of.user() }],
    approval: { approvers: [{ user: await of.user() }], requiredApprovals: 1 },
  }
}
