import { randomUUID } from 'node:crypto'
import type { Permission } from '../../../domain/index.ts'
import { programConfiguration } from '../configurations.ts'
import type { AccessCaller } from './callers.ts'
import { ofBuildActors, type Things } from './things.ts'

/**
 * How a root field is asked, in a way that succeeds for whoever has its permission. `things` gives ids of new things of the
 * own organization, and then of another one's and of nobody's, which must be answered alike.
 */
export type Asked = {
  readonly arguments?: (things: Things, by: AskingCaller) => Promise<Readonly<Record<string, unknown>>>
  /** Where another permission than the field's own decides: with these arguments. */
  readonly permission?: Permission
  /** The code that whoever has the permission is refused with, where success needs what a test of this kind has not. */
  readonly answeredWith?: string
  /** The codes that say that the caller is nobody who may, where the domain itself asks; else `FORBIDDEN`. */
  readonly refusedWith?: readonly string[]
  /** What is asked of the answer; else everything that it has. */
  readonly selection?: string
  /** Where an answer says by itself that it was refused: its code. */
  // biome-ignore lint/suspicious/noExplicitAny: what the field answers
  readonly refusalIn?: (answer: any) => string | undefined
}

/** Who asks, as far as arguments depend on it. */
export type AskingCaller = Pick<AccessCaller, 'user'> & {
  /** The id of a file that the caller uploaded. */
  readonly upload: () => Promise<string>
}

/** The one argument of a mutation. */
function input(
  of: (things: Things, by: AskingCaller) => Promise<Readonly<Record<string, unknown>>>,
): Required<Pick<Asked, 'arguments'>> {
  return { arguments: async (things, by) => ({ input: await of(things, by) }) }
}

/**
 * Every query, subscription and mutation: who adds one adds a line, and the matrix of `test/graphql/access-*.test.ts` asks it
 * as everybody. What comes after a space in a name tells apart several ways to ask the same.
 */
export const asked: Readonly<Record<string, Asked>> = {
  'Query.viewer': {},
  'Query.organization': {},
  'Query.project': { arguments: async (of) => ({ id: await of.namedProject() }) },
  'Query.projects': {},
  'Query.artifactConfiguration': { arguments: async (of) => ({ id: await of.artifactConfiguration() }) },
  'Query.artifactConfigurations': {},
  'Query.artifactConfigurations of a project': { arguments: async (of) => ({ project: await of.namedProject() }) },
  'Query.validateArtifactConfiguration': { arguments: async () => ({ document: '<nothing/>' }) },
  'Query.signingPolicy': { arguments: async (of) => ({ id: await of.namedPolicy() }) },
  'Query.signingPolicies': {},
  'Query.signingPolicies of a project': { arguments: async (of) => ({ project: await of.namedProject() }) },
  'Query.key': { arguments: async (of) => ({ id: await of.key() }) },
  'Query.keys': {},
  'Query.certificate': { arguments: async (of) => ({ id: await of.certificate() }) },
  'Query.certificates': {},
  'Query.checkContinuity': {
    arguments: async (of) => ({ before: await of.certificate(), after: await of.disabledCertificate() }),
  },
  'Query.history': { arguments: async (of) => ({ kind: 'project', id: await of.project() }) },
  'Query.history of a user': {
    arguments: async (of) => ({ kind: 'user', id: await of.user() }),
    // Of auditors, and of the user.
    permission: 'readAddresses',
  },
  'Query.user': { arguments: async (of) => ({ id: await of.user() }) },
  'Query.users': {},
  'Query.group': { arguments: async (of) => ({ id: await of.group() }) },
  'Query.groups': {},
  'Query.changeProposal': { arguments: async (of) => ({ id: await of.changeProposal() }) },
  'Query.changeProposals': {},
  'Query.grant': { arguments: async (of) => ({ id: await of.grant() }) },
  'Query.grants': {},
  'Query.grants of a giver': {
    arguments: async (of) => ({ signingPolicy: await of.namedPolicy(), giver: await of.user() }),
  },
  'Query.policySimulation': {
    arguments: async (of) => ({
      project: await of.namedProject(),
      signingPolicy: await of.namedPolicy(),
      user: await of.user(),
    }),
  },
  'Query.trustedBuildSystem': { arguments: async (of) => ({ id: await of.trustedBuildSystem() }) },
  'Query.trustedBuildSystems': {},
  'Query.webHook': { arguments: async (of) => ({ id: await of.webHook() }) },
  'Query.webHooks': {},
  'Query.webHooks of a project': { arguments: async (of) => ({ projectId: await of.namedProject() }) },
  'Query.webHookDeliveries': { arguments: async (of) => ({ webHookId: await of.webHook() }) },
  'Query.webHookDelivery': { arguments: async (of) => ({ deliveryId: await of.webHookDelivery() }) },
  'Query.signingRequest': { arguments: async (of) => ({ id: await of.signedRequest() }) },
  'Query.signingRequest of a build': { arguments: async (of) => ({ id: await of.requestOfBuild() }) },
  'Query.signingRequests': {},
  'Query.signingRequests of a policy': {
    arguments: async (of) => ({
      filter: {
        project: await of.namedProject(),
        signingPolicy: await of.namedPolicy(),
        submitter: await of.user(),
      },
    }),
  },
  'Query.node': { arguments: async (of) => ({ id: nodeId('User', await of.user()) }) },
  'Query.nodes': {
    arguments: async (of) => ({
      ids: [
        nodeId('Organization', await of.organizationId()),
        nodeId('Project', await of.project()),
        nodeId('SigningPolicy', await of.policy()),
        nodeId('ArtifactConfiguration', await of.artifactConfiguration()),
        nodeId('Key', await of.key()),
        nodeId('Certificate', await of.certificate()),
        nodeId('Group', await of.group()),
        nodeId('TrustedBuildSystem', await of.trustedBuildSystem()),
        nodeId('WebHook', await of.webHook()),
        nodeId('ChangeProposal', await of.changeProposal()),
        nodeId('Grant', await of.grant()),
        nodeId('SigningRequest', (await of.request()).signingRequestId),
      ],
    }),
  },
  'Query.events': {},
  'Query.events of an entity': { arguments: async (of) => ({ streamId: `project-${await of.project()}` }) },
  'Query.securityRefusals': {},
  'Query.securityRefusals of a user': { arguments: async (of) => ({ user: await of.user(), code: 'FORBIDDEN' }) },
  'Query.unusualActivity': {},
  'Query.unusualActivity of a user': { arguments: async (of) => ({ user: await of.user(), rule: 'newNetwork' }) },
  'Query.canSubmit': {
    ...input(async (of) => ({
      project: await of.namedProject(),
      signingPolicy: await of.namedPolicy(),
      fileName: 'setup.exe',
      size: 9,
    })),
    selection: '{ refusal { code message details } }',
    refusalIn: ({ refusal }) => refusal?.code,
  },

  'Subscription.signingRequest': { arguments: async (of) => ({ id: await of.signedRequest() }) },
  'Subscription.signingRequestsChanged': {},
  'Subscription.events': {},
  'Subscription.unusualActivity': {},

  'Mutation.submitSigningRequest': input(async (of, by) => ({
    project: await of.namedProject(),
    signingPolicy: await of.namedPolicy(),
    uploadId: await by.upload(),
  })),
  'Mutation.resubmitSigningRequest': input(async (of) => ({
    originalSigningRequestId: await of.signedRequest(),
    signingPolicy: await of.namedPolicy(),
  })),
  'Mutation.approveSigningRequests': {
    ...input(async (of) => ({ approvals: [await of.request()] })),
    selection: '{ answers { refusal { code message details } } }',
    refusalIn: ({ answers }) => answers[0].refusal?.code,
    refusedWith: ['NOT_AN_APPROVER', 'SUBMITTER_MAY_NOT_APPROVE'],
  },
  'Mutation.signHashes': input(async (of) => ({
    project: await of.namedProject(),
    signingPolicy: await of.namedPolicy(),
    signatureAlgorithm: 'Ecdsa',
    hashes: [Buffer.alloc(32, 7).toString('base64')],
  })),
  'Mutation.approveSigningRequest': {
    ...input((of) => of.request()),
    refusedWith: ['NOT_AN_APPROVER', 'SUBMITTER_MAY_NOT_APPROVE'],
  },
  'Mutation.denySigningRequest': {
    ...input(async (of) => ({ signingRequestId: (await of.request()).signingRequestId })),
    refusedWith: ['NOT_AN_APPROVER'],
  },
  'Mutation.cancelSigningRequest': input(async (of) => ({ signingRequestId: (await of.request()).signingRequestId })),

  'Mutation.giveGrant': input(async (of) => ({
    project: await of.namedProject(),
    signingPolicy: await of.namedPolicy(),
    until: new Date(Date.now() + 3_600_000).toISOString(),
    maximumRequests: 1,
    fileNames: ['*.exe'],
  })),
  'Mutation.revokeGrant': input(async (of) => ({ grantId: await of.grant() })),

  'Mutation.createCiUser': input(async (of) => ({ name: 'Builds', responsible: await of.user() })),
  'Mutation.inviteUser': input(async () => ({ email: `ida-${randomUUID()}@example.com` })),
  'Mutation.inviteUser who is to be a Global Administrator': {
    ...input(async () => ({ email: `ida-${randomUUID()}@example.com`, roles: ['globalAdministrator'] })),
    permission: 'administerAdministrators',
  },
  'Mutation.resendInvitation': input(async (of) => ({ userId: await of.invitedUser() })),
  'Mutation.revokeInvitation': input(async (of) => ({ userId: await of.invitedUser() })),
  'Mutation.changeNotificationPreferences': input(async () => ({
    preferences: [{ kind: 'requestOutcome', delivery: 'daily' }],
  })),
  'Mutation.deactivateUser': input(async (of) => ({ userId: await of.readingUser() })),
  'Mutation.deactivateUser who is a Global Administrator': {
    ...input(async (of) => ({ userId: await of.administrator() })),
    permission: 'administerAdministrators',
  },
  'Mutation.reactivateUser': input(async (of) => ({ userId: await of.deactivatedUser() })),
  'Mutation.eraseUser': input(async (of) => ({ userId: await of.readingUser() })),
  'Mutation.grantGlobalRole': input(async (of) => ({ userId: await of.user(), role: 'projectAdministrator' })),
  'Mutation.grantGlobalRole of a Global Administrator': {
    ...input(async (of) => ({ userId: await of.user(), role: 'globalAdministrator' })),
    permission: 'administerAdministrators',
  },
  'Mutation.withdrawGlobalRole': input(async (of) => ({ userId: await of.readingUser(), role: 'globalReader' })),
  'Mutation.issueApiToken': input(async (of) => ({ userId: await of.tokenHolder(), name: 'another' })),
  'Mutation.revokeApiToken': input((of) => of.apiToken()),
  'Mutation.linkBuildActor': input(async (of) => ({
    userId: await of.user(),
    system: ofBuildActors,
    actorId: randomUUID(),
  })),
  'Mutation.unlinkBuildActor': input((of) => of.linkedUser()),
  'Mutation.createGroup': input(async (of) => ({ name: `Group ${randomUUID()}`, members: [await of.user()] })),
  'Mutation.describeGroup': input(async (of) => ({
    groupId: await of.group(),
    name: `Group ${randomUUID()}`,
    basedOnRevision: 0,
  })),
  'Mutation.changeGroupMembers': input(async (of) => ({ groupId: await of.group(), add: [await of.user()] })),

  'Mutation.createProject': input(async (of) => ({
    slug: `p-${randomUUID()}`,
    name: 'Another',
    readers: [{ user: await of.user() }],
    configurators: [{ group: await of.group() }],
  })),
  'Mutation.updateProject': input(async (of) => ({
    projectId: await of.project(),
    basedOnRevision: 0,
    name: 'Renamed',
    readers: [{ group: await of.group() }],
    configurators: [{ user: await of.user() }],
  })),
  'Mutation.deactivateProject': input(async (of) => ({ projectId: await of.project() })),
  'Mutation.reactivateProject': input(async (of) => ({ projectId: await of.inactiveProject() })),

  'Mutation.createSigningPolicy': input(async (of) => ({
    projectId: await of.project(),
    slug: 'another',
    settings: await policySettingsInput(of),
  })),
  'Mutation.updateSigningPolicy': input(async (of) => ({
    signingPolicyId: await of.policy(),
    basedOnRevision: 0,
    settings: await policySettingsInput(of),
  })),
  'Mutation.deactivateSigningPolicy': input(async (of) => ({ signingPolicyId: await of.policy() })),
  'Mutation.reactivateSigningPolicy': input(async (of) => ({ signingPolicyId: await of.inactivePolicy() })),

  'Mutation.createArtifactConfiguration': input(async (of) => ({
    projectId: await of.namedProject(),
    slug: `c-${randomUUID()}`,
    name: 'Another',
    document: programConfiguration(),
  })),
  'Mutation.updateArtifactConfiguration': input(async (of) => ({
    artifactConfigurationId: await of.artifactConfiguration(),
    basedOnRevision: 0,
    document: programConfiguration('another'),
  })),
  'Mutation.describeArtifactConfiguration': input(async (of) => ({
    artifactConfigurationId: await of.artifactConfiguration(),
    name: 'Renamed',
  })),
  'Mutation.deactivateArtifactConfiguration': input(async (of) => ({
    artifactConfigurationId: await of.artifactConfiguration(),
  })),
  'Mutation.reactivateArtifactConfiguration': input(async (of) => ({
    artifactConfigurationId: await of.inactiveArtifactConfiguration(),
  })),
  'Mutation.changeDefaultArtifactConfiguration': input(async (of) => ({
    projectId: await of.namedProject(),
    artifactConfigurationId: await of.artifactConfiguration(),
  })),

  'Mutation.createWebHook': input(async (of) => ({
    projectId: await of.namedProject(),
    name: 'Another',
    url: 'https://hooks.example/',
  })),
  'Mutation.createWebHook of all projects': {
    ...input(async () => ({ name: 'Another', url: 'https://hooks.example/' })),
    permission: 'administerOrganizationWebHooks',
  },
  'Mutation.updateWebHook': input(async (of) => ({
    webHookId: await of.webHook(),
    basedOnRevision: 0,
    name: 'Another name',
    url: 'https://hooks.example/other',
    eventTypes: ['failed'],
  })),
  'Mutation.rotateWebHookSecret': input(async (of) => ({ webHookId: await of.webHook() })),
  'Mutation.disableWebHook': input(async (of) => ({ webHookId: await of.webHook() })),
  'Mutation.enableWebHook': input(async (of) => ({ webHookId: await of.disabledWebHook() })),
  'Mutation.deleteWebHook': input(async (of) => ({ webHookId: await of.webHook() })),
  'Mutation.resendWebHookDelivery': input(async (of) => ({ deliveryId: await of.webHookDelivery() })),
  'Mutation.changeStatementKey': input(async (of) => ({ keyId: await of.key() })),
  'Mutation.createTrustedBuildSystem': input(async () => ({
    slug: `b-${randomUUID()}`,
    name: 'Another',
    kind: 'custom',
  })),
  'Mutation.updateTrustedBuildSystem': input(async (of) => ({
    trustedBuildSystemId: await of.trustedBuildSystem(),
    basedOnRevision: 1,
    name: 'Renamed',
  })),
  'Mutation.rotateTrustedBuildSystemToken': input(async (of) => ({
    trustedBuildSystemId: await of.trustedBuildSystem(),
  })),
  'Mutation.disableTrustedBuildSystem': input(async (of) => ({ trustedBuildSystemId: await of.trustedBuildSystem() })),
  'Mutation.enableTrustedBuildSystem': input(async (of) => ({
    trustedBuildSystemId: await of.disabledTrustedBuildSystem(),
  })),
  'Mutation.linkTrustedBuildSystem': input(async (of) => ({
    trustedBuildSystemId: await of.trustedBuildSystem(),
    projectId: await of.project(),
  })),
  'Mutation.changeTrustedBuildSystemLink': input(async (of) => ({
    ...(await of.linkedTrustedBuildSystem()),
    secrets: [{ name: 'apiKey', value: 'another key' }],
  })),
  'Mutation.unlinkTrustedBuildSystem': input((of) => of.linkedTrustedBuildSystem()),
  'Mutation.registerProxyKey': input((of) => of.newProxyKey()),
  'Mutation.removeProxyKey': input((of) => of.proxyKey()),

  'Mutation.createSelfSignedCertificate': input(async (of) => ({
    name: 'Test',
    subject: { commonName: 'Test' },
    key: { keyId: await of.key() },
    notBefore: '2020-01-01T00:00:00.000Z',
    notAfter: '2090-01-01T00:00:00.000Z',
  })),
  'Mutation.requestCertificate': input(async (of) => ({
    name: 'Release',
    subject: { commonName: 'Release' },
    key: { keyId: await of.key() },
  })),
  'Mutation.createOpenPgpKey': input(async (of) => ({
    name: 'Downloads',
    userId: 'Acme Releases <release@acme.example>',
    key: { keyId: await of.key() },
  })),
  'Mutation.changeKeyExpiry': {
    ...input(async (of) => ({ certificateId: await of.certificate(), expiresAt: null })),
    answeredWith: 'CERTIFICATE_STATE',
  },
  'Mutation.installCertificate': {
    ...input(async (of) => ({ certificateId: await of.certificate(), file: 'MAA=' })),
    answeredWith: 'CERTIFICATE_STATE',
  },
  'Mutation.importCertificate': {
    ...input(async () => ({ name: 'Imported', publicKey: 'MAA=', file: 'MAA=' })),
    answeredWith: 'X509_MALFORMED',
  },
  'Mutation.completeCertificateImport': {
    ...input(async (of) => ({ certificateId: await of.certificate(), wrappedSecret: 'MAA=', wrappedKey: 'MAA=' })),
    answeredWith: 'CERTIFICATE_STATE',
  },
  'Mutation.renewCertificate': input(async (of) => ({ certificateId: await of.certificate() })),
  'Mutation.restrictCertificate': input(async (of) => ({
    certificateId: await of.certificate(),
    restrictions: { minimumApprovals: 1, originVerification: false, timestamp: true },
  })),
  'Mutation.disableCertificate': input(async (of) => ({ certificateId: await of.certificate() })),
  'Mutation.disableKey': input(async (of) => ({ keyId: await of.key() })),
  'Mutation.requestKeyDeletion': input(async (of) => ({ keyId: await of.key() })),
  'Mutation.confirmKeyDeletion': {
    ...input(async (of) => ({ keyId: await of.key(), label: 'a label' })),
    answeredWith: 'KEY_DELETION_NOT_REQUESTED',
  },
  'Mutation.withdrawKeyDeletion': {
    ...input(async (of) => ({ keyId: await of.key() })),
    answeredWith: 'KEY_DELETION_NOT_REQUESTED',
  },
  'Mutation.enableCertificate': input(async (of) => ({ certificateId: await of.disabledCertificate() })),

  'Mutation.changeChangeControl': input(async () => ({
    changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 },
  })),
  // Whoever approves what is proposed must have the permission for it themselves.
  'Mutation.approveChange of roles': {
    ...input(async (of) => ({ changeProposalId: await of.changeProposal() })),
    permission: 'administerUsers',
  },
  'Mutation.rejectChange of roles': {
    ...input(async (of) => ({ changeProposalId: await of.changeProposal() })),
    permission: 'administerUsers',
  },
}

async function policySettingsInput(of: Things): Promise<Readonly<Record<string, unknown>>> {
  return {
    name: 'Changed',
    certificateId: await of.certificate(),
    submitters: [{ user: await of.user() }],
    approval: { approvers: [{ group: await of.group() }], requiredApprovals: 1 },
    timestamp: 'required',
  }
}

function nodeId(type: string, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64')
}
