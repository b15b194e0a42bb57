import { createHash, randomUUID } from 'node:crypto'
import { issueApiToken } from '../../../application/api-tokens.ts'
import { linkBuildActor } from '../../../application/build-actors.ts'
import { switchCertificate } from '../../../application/certificates.ts'
import { deactivateUser } from '../../../application/change-user.ts'
import { createSelfSignedCertificate } from '../../../application/create-certificate.ts'
import { createProject } from '../../../application/create-project.ts'
import { createSigningPolicy } from '../../../application/create-signing-policy.ts'
import { createCiUser, createUser } from '../../../application/create-user.ts'
import { createGroup } from '../../../application/groups.ts'
import type { ApplicationDependencies, Caller } from '../../../application/index.ts'
import { inviteUser } from '../../../application/invite-user.ts'
import { deactivateProject } from '../../../application/projects.ts'
import { proposeChange } from '../../../application/propose-change.ts'
import type { Setup } from '../../../application/setup.ts'
import { deactivateSigningPolicy } from '../../../application/signing-policies.ts'
import { linkTrustedBuildSystem } from '../../../application/trusted-build-system-links.ts'
import { createTrustedBuildSystem, disableTrustedBuildSystem } from '../../../application/trusted-build-systems.ts'
import { createWebHook, deleteWebHook, disableWebHook } from '../../../application/web-hooks.ts'
import {
  type GlobalRole,
  type GlobalRoleGranted,
  type ProjectId,
  type SigningPolicyId,
  type SigningPolicySettings,
  type SigningRequestId,
  streams,
  type TrustedBuildSystemKind,
  type UserId,
  type WebHookId,
} from '../../../domain/index.ts'
import type { NotificationStore } from '../../../notifications/index.ts'
import type { GraphQLOrganization, TestUser } from '../graphql-organization.ts'
import type { GraphQLRequests } from '../graphql-requests.ts'
import { shownInvitation } from '../shown-invitation.ts'
import { deliveredTo } from '../web-hooks.ts'
import { type ConfigurationThings, configurationThings, nobodysConfigurations } from './configuration-things.ts'
import { grantInLog } from './grants.ts'
import { nobodysProxyKeys, type ProxyKeyThings, proxyKeyThings } from './proxy-key-things.ts'

/** Whose the ids of all linked actors are. */
export const ofBuildActors = 'https://ci.example.org'

/**
 * Makes what an operation is asked about: each call makes a new thing, which no other call has touched. Ids of another
 * organization and of nobody come by the same functions, so that one line of the table asks for all three.
 */
export type Things = ProxyKeyThings &
  ConfigurationThings & {
    readonly organizationId: () => Promise<string>
    /** An interactive user without roles; for who is to ask about themselves, that user. */
    readonly user: () => Promise<string>
    readonly deactivatedUser: () => Promise<string>
    /** A person who has not accepted an invitation. */
    readonly invitedUser: () => Promise<string>
    /** Makes invitations of new people, and gives their tokens. */
    readonly newInvitation: () => Promise<() => Promise<string>>
    /** A user who is a Global Reader. */
    readonly readingUser: () => Promise<string>
    /** A user who is a Global Administrator. */
    readonly administrator: () => Promise<string>
    /** A CI user; for who is to ask about themselves, that user. */
    readonly tokenHolder: () => Promise<string>
    /** A token of a user without roles. */
    readonly apiToken: () => Promise<{ readonly userId: string; readonly apiTokenId: string }>
    /** A user who is linked with an actor of a build system, and that. */
    readonly linkedUser: () => Promise<{ readonly userId: string; readonly system: string; readonly actorId: string }>
    readonly group: () => Promise<string>
    /** The project of the policies and requests, which names everybody who can be named. */
    readonly namedProject: () => Promise<string>
    readonly project: () => Promise<string>
    /** A project that was put out of use. */
    readonly inactiveProject: () => Promise<string>
    /** The policy of the requests, which names everybody who can be named. */
    readonly namedPolicy: () => Promise<string>
    readonly policy: () => Promise<string>
    /** A policy that was put out of use. */
    readonly inactivePolicy: () => Promise<string>
    /** A change of a user's roles, which others are to approve. */
    readonly changeProposal: () => Promise<string>
    /** A grant of an approver's; for who is to ask about themselves, of that user. */
    readonly grant: () => Promise<string>
    readonly trustedBuildSystem: () => Promise<string>
    /** One that was disabled. */
    readonly disabledTrustedBuildSystem: () => Promise<string>
    /** One and the project that it is linked to. */
    readonly linkedTrustedBuildSystem: () => Promise<{
      readonly trustedBuildSystemId: string
      readonly projectId: string
    }>
    /** A web hook of the named project. */
    readonly webHook: () => Promise<string>
    /** One that was disabled. */
    readonly disabledWebHook: () => Promise<string>
    /** A message to a web hook of the named project, that was delivered. */
    readonly webHookDelivery: () => Promise<string>
    readonly certificate: () => Promise<string>
    /** A certificate that was disabled. */
    readonly disabledCertificate: () => Promise<string>
    readonly key: () => Promise<string>
    /** A request that waits for approval. */
    readonly request: () => Promise<{ readonly signingRequestId: string; readonly planDigest: string }>
    /** A request that a trusted build system vouched for, with an origin. */
    readonly requestOfBuild: () => Promise<string>
    /** A request of a build whose origin was verified, with the evidence of `graphql-requests.ts`. */
    readonly verifiedRequest: () => Promise<string>
    /** A request whose artifact, of {@link announcedBytes}, is uploaded later. */
    readonly announcedRequest: () => Promise<string>
    /** A request that was signed. */
    readonly signedRequest: () => Promise<string>
  }

/** What things of an organization are made with. */
export type ThingMaking = {
  readonly dependencies: ApplicationDependencies
  readonly setup: Setup
  readonly organization: GraphQLOrganization
  readonly requests: GraphQLRequests
  readonly notifications: NotificationStore
  /** In the organization's own project. */
  readonly namedPolicySlug: string
  readonly namedPolicyId: string
  /** An administrator, as use cases know them. */
  readonly administrator: () => Promise<Caller>
  /** Approves by the API. */
  readonly approve: (signingRequestId: string, planDigest: string) => Promise<void>
}

/** What is announced. */
export const announcedBytes = 'a program that was announced'

/** Makes things of an organization. */
export function thingsOf(making: ThingMaking): Things {
  const {
    dependencies,
    setup,
    organization,
    requests,
    notifications,
    namedPolicySlug,
    namedPolicyId,
    administrator,
    approve,
  } = making
  const user = async (...roles: readonly GlobalRole[]) =>
    (
      await createUser(dependencies, setup, {
        kind: 'interactive',
        name: 'Nina New',
        email: `nina-${randomUUID()}@example.com`,
        roles,
      })
    ).userId
  const invited = () =>
    shownInvitation(
      inviteUser(dependencies, setup, { email: `ivy-${randomUUID()}@example.com`, name: null, roles: [] }),
    )
  const newProject = async () =>
    (
      await createProject(dependencies, setup, {
        slug: `p-${randomUUID()}`,
        name: 'Another',
        description: null,
        repositoryUrl: null,
      })
    ).projectId
  const newBuildSystem = async (kind: TrustedBuildSystemKind = 'custom') =>
    (
      await createTrustedBuildSystem(dependencies, setup, {
        slug: `b-${randomUUID()}`,
        name: 'Another',
        description: null,
        kind,
      })
    ).trustedBuildSystemId
  const webHooks: WebHookId[] = []
  const newWebHook = async () => {
    const input = { projectId: organization.projectId, name: 'Another', url: 'https://hooks.example/', secret: null }
    const settings = { eventTypes: ['completed'], authorization: null } as const
    const { webHookId } = await createWebHook(dependencies, setup, { ...input, ...settings })
    // A project may have so many at once: the one that was asked about longest ago makes room.
    const earlier = webHooks.push(webHookId) > 30 ? webHooks.shift() : undefined
    if (earlier !== undefined)
      await deleteWebHook(dependencies, setup, { webHookId: earlier }).catch((error: { code?: string }) => {
        // The operation that was asked about it was its deletion.
        if (error.code !== 'WEB_HOOK_NOT_FOUND') throw error
      })
    return webHookId
  }
  let delivered = Promise.resolve('')
  const newPolicy = async () => {
    const input = { projectId: await newProject(), slug: 'another', settings: policySettings(organization, [], []) }
    return (await createSigningPolicy(dependencies, setup, input)).signingPolicyId
  }
  const waiting = async () => {
    const signingRequestId = await requests.submit(namedPolicySlug)
    return { signingRequestId, planDigest: await requests.plan(signingRequestId) }
  }
  const things: Things = {
    organizationId: async () => setup.organizationId,
    user: () => user(),
    async deactivatedUser() {
      const userId = await user()
      await deactivateUser(dependencies, setup, { userId, reason: null })
      return userId
    },
    invitedUser: async () => (await invited()).userId,
    newInvitation: async () => async () => (await invited()).token,
    readingUser: () => user('globalReader'),
    administrator: () => user('globalAdministrator'),
    async tokenHolder() {
      return (await createCiUser(dependencies, setup, { name: 'CI', responsible: (await user()) as UserId })).userId
    },
    async apiToken() {
      const userId = await user()
      const { tokenId } = await issueApiToken(dependencies, setup, { userId, name: 'another', expiresAt: null })
      return { userId, apiTokenId: tokenId }
    },
    async linkedUser() {
      const userId = await user()
      const actor = { system: ofBuildActors, actorId: userId }
      await linkBuildActor(dependencies, setup, { userId: userId as UserId, ...actor })
      return { userId, ...actor }
    },
    async group() {
      const input = { name: `Group ${randomUUID()}`, description: null, members: [await user()] }
      return (await createGroup(dependencies, setup, input)).groupId
    },
    namedProject: async () => organization.projectId,
    project: newProject,
    async inactiveProject() {
      const projectId = await newProject()
      await deactivateProject(dependencies, setup, { projectId, reason: null })
      return projectId
    },
    namedPolicy: async () => namedPolicyId,
    policy: newPolicy,
    async inactivePolicy() {
      const signingPolicyId = await newPolicy()
      await deactivateSigningPolicy(dependencies, setup, { signingPolicyId, reason: null })
      return signingPolicyId
    },
    async changeProposal() {
      const userId = await user()
      const granted: GlobalRoleGranted = {
        type: 'GlobalRoleGranted',
        data: { schemaVersion: 1, role: 'userAdministrator' },
      }
      const { changeProposalId } = await proposeChange(dependencies, await administrator(), {
        target: { streamId: streams.user(userId), revision: 0 },
        events: [granted],
        control: { requiredApprovals: 1, lifetimeSeconds: 86_400 },
      })
      return changeProposalId
    },
    grant: () =>
      grantInLog(dependencies, setup, {
        giver: organization.approvers[0].userId as UserId,
        projectId: organization.projectId,
        signingPolicyId: namedPolicyId as SigningPolicyId,
      }),
    trustedBuildSystem: () => newBuildSystem(),
    async disabledTrustedBuildSystem() {
      const trustedBuildSystemId = await newBuildSystem()
      await disableTrustedBuildSystem(dependencies, setup, { trustedBuildSystemId, reason: null })
      return trustedBuildSystemId
    },
    async linkedTrustedBuildSystem() {
      const link = { trustedBuildSystemId: await newBuildSystem('jenkins'), projectId: await newProject() }
      const secrets = [{ name: 'apiKey', value: 'a key' }]
      await linkTrustedBuildSystem(dependencies, setup, { ...link, secrets })
      return link
    },
    ...proxyKeyThings(dependencies, setup),
    ...configurationThings(dependencies, setup, organization.projectId),
    webHook: newWebHook,
    async disabledWebHook() {
      const webHookId = await newWebHook()
      await disableWebHook(dependencies, setup, { webHookId, reason: null })
      return webHookId
    },
    webHookDelivery: () => {
      // One after the other, as they follow the log.
      delivered = delivered.then(async () => deliveredTo(notifications, setup.organizationId, await newWebHook()))
      return delivered
    },
    certificate: async () => (await newCertificate(dependencies, setup)).certificateId,
    async disabledCertificate() {
      const { certificateId } = await newCertificate(dependencies, setup)
      await switchCertificate(dependencies, setup, { certificateId, reason: null }, 'DisableCertificate')
      return certificateId
    },
    key: async () => (await newCertificate(dependencies, setup)).keyId,
    request: waiting,
    async requestOfBuild() {
      const trustedBuildSystemId = await newBuildSystem()
      await linkTrustedBuildSystem(dependencies, setup, { trustedBuildSystemId, projectId: organization.projectId })
      return requests.submit(namedPolicySlug, 'of a build', trustedBuildSystemId)
    },
    verifiedRequest: async () => requests.verify((await things.requestOfBuild()) as SigningRequestId),
    announcedRequest: () => requests.announce(namedPolicySlug, announcedBytes),
    async signedRequest() {
      const { signingRequestId, planDigest } = await waiting()
      await approve(signingRequestId, planDigest)
      await requests.complete(signingRequestId, planDigest, undefined, true)
      return signingRequestId
    },
  }
  return things
}

/** Ids in the form of each kind that nothing has. */
export const nobodysThings: Things = {
  ...nobodysProxyKeys,
  ...nobodysConfigurations,
  organizationId: async () => randomUUID(),
  user: async () => randomUUID(),
  apiToken: async () => ({ userId: randomUUID(), apiTokenId: randomUUID() }),
  linkedUser: async () => ({ userId: randomUUID(), system: ofBuildActors, actorId: randomUUID() }),
  deactivatedUser: async () => randomUUID(),
  invitedUser: async () => randomUUID(),
  newInvitation: async () => async () => 'csi_',
  readingUser: async () => randomUUID(),
  tokenHolder: async () => randomUUID(),
  administrator: async () => randomUUID(),
  group: async () => randomUUID(),
  changeProposal: async () => randomUUID(),
  grant: async () => randomUUID(),
  namedProject: async () => randomUUID(),
  project: async () => randomUUID(),
  inactiveProject: async () => randomUUID(),
  disabledCertificate: async () => randomUUID(),
  namedPolicy: async () => randomUUID(),
  policy: async () => randomUUID(),
  inactivePolicy: async () => randomUUID(),
  trustedBuildSystem: async () => randomUUID(),
  disabledTrustedBuildSystem: async () => randomUUID(),
  webHook: async () => randomUUID(),
  disabledWebHook: async () => randomUUID(),
  webHookDelivery: async () => randomUUID(),
  linkedTrustedBuildSystem: async () => ({ trustedBuildSystemId: randomUUID(), projectId: randomUUID() }),
  certificate: async () => randomUUID(),
  key: async () => randomUUID(),
  request: async () => ({
    signingRequestId: randomUUID(),
    planDigest: createHash('sha256').update(randomUUID()).digest('hex'),
  }),
  requestOfBuild: async () => randomUUID(),
  verifiedRequest: async () => randomUUID(),
  announcedRequest: async () => randomUUID(),
  signedRequest: async () => randomUUID(),
}

/** Settings of a policy that asks one approver. */
export function policySettings(
  { certificateId, approvers }: Pick<GraphQLOrganization, 'certificateId' | 'approvers'>,
  submitters: readonly TestUser[],
  moreApprovers: readonly TestUser[],
): SigningPolicySettings {
  return {
    name: 'Asks one approver',
    certificateId,
    submitters: submitters.map(({ userId }) => ({ user: userId })),
    approval: {
      approvers: [...approvers, ...moreApprovers].map(({ userId }) => ({ user: userId })),
      requiredApprovals: 1,
      submitterMayApprove: false,
      deadlineSeconds: null,
    },
    // Hashes are signed without time-stamps.
    timestamp: 'none',
    release: false,
    existingSignatures: ['replace', 'append', 'refuse'],
    hashSigningAllowed: true,
  }
}

/** Creates the policy that everybody is named by, in the organization's own project. */
export async function createNamedPolicy(
  dependencies: ApplicationDependencies,
  setup: Setup,
  projectId: ProjectId,
  settings: SigningPolicySettings,
): Promise<{ readonly namedPolicySlug: string; readonly namedPolicyId: string }> {
  const namedPolicySlug = 'named'
  const { signingPolicyId } = await createSigningPolicy(dependencies, setup, {
    projectId,
    slug: namedPolicySlug,
    settings,
  })
  return { namedPolicySlug, namedPolicyId: signingPolicyId }
}

function newCertificate(dependencies: ApplicationDependencies, setup: Setup) {
  return createSelfSignedCertificate(dependencies, setup, {
    name: 'Another certificate',
    subject: { commonName: 'Another' },
    key: { algorithm: 'ec-p256' },
    notBefore: '2020-01-01T00:00:00.000Z',
    notAfter: '2090-01-01T00:00:00.000Z',
  })
}
