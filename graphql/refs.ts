import type {
  ArtifactConfigurationId,
  CertificateId,
  ChangeProposalId,
  GrantId,
  GroupId,
  KeyId,
  OrganizationId,
  ProjectId,
  SigningPolicyId,
  SigningRequestId,
  TrustedBuildSystemId,
  UserId,
  WebHookId,
} from '../domain/index.ts'
import type {
  ArtifactConfigurationView,
  CertificateView,
  ChangeProposalView,
  GrantView,
  GroupView,
  KeyView,
  OrganizationView,
  ProjectView,
  ReadModel,
  SigningPolicyView,
  SigningRequestView,
  TrustedBuildSystemView,
  UserView,
  WebHookView,
} from '../projections/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'

// Every entity by its id, many at once: whatever asks for one in an operation shares one query with all others of the
// same level. What does not exist, or belongs to another organization, is null: the plugin's types have no place for
// that, the fields that use these references are nullable.

// Far below what a statement may have of parameters, in either database.
const loaderOptions = { maxBatchSize: 1_000 }

/** The organization of the caller. */
export const OrganizationRef = builder.loadableNodeRef('Organization', {
  id: { resolve: (organization: OrganizationView) => organization.organizationId },
  loaderOptions,
  load: async (ids: string[], { readModel, caller }: GraphQLContext) => {
    const own = await readModel.organization(caller.organizationId)
    return ids.map((id: string) => (id === own?.organizationId ? own : null)) as OrganizationView[]
  },
})

/** A person or a CI user. */
export const UserRef = builder.loadableNodeRef('User', {
  id: { resolve: (user: UserView) => user.userId },
  loaderOptions,
  load: found<UserId, UserView>((readModel, organizationId, ids) => readModel.usersByIds(organizationId, ids)),
})

/** A key in a key store. */
export const KeyRef = builder.loadableNodeRef('Key', {
  id: { resolve: (key: KeyView) => key.keyId },
  loaderOptions,
  load: found<KeyId, KeyView>((readModel, organizationId, ids) => readModel.keysByIds(organizationId, ids)),
})

/** Users that can be named together. */
export const GroupRef = builder.loadableNodeRef('Group', {
  id: { resolve: (group: GroupView) => group.groupId },
  loaderOptions,
  load: found<GroupId, GroupView>((readModel, organizationId, ids) => readModel.groupsByIds(organizationId, ids)),
})

/** A certificate. */
export const CertificateRef = builder.loadableNodeRef('Certificate', {
  id: { resolve: (certificate: CertificateView) => certificate.certificateId },
  loaderOptions,
  load: found<CertificateId, CertificateView>((readModel, organizationId, ids) =>
    readModel.certificatesByIds(organizationId, ids),
  ),
})

/** A project. */
export const ProjectRef = builder.loadableNodeRef('Project', {
  id: { resolve: (project: ProjectView) => project.projectId },
  loaderOptions,
  load: found<ProjectId, ProjectView>((readModel, organizationId, ids) => readModel.projectsByIds(organizationId, ids)),
})

/** What is signed inside of an artifact, and how. */
export const ArtifactConfigurationRef = builder.loadableNodeRef('ArtifactConfiguration', {
  id: { resolve: (configuration: ArtifactConfigurationView) => configuration.artifactConfigurationId },
  loaderOptions,
  load: found<ArtifactConfigurationId, ArtifactConfigurationView>((readModel, organizationId, ids) =>
    readModel.artifactConfigurationsByIds(organizationId, ids),
  ),
})

/** A signing policy. */
export const SigningPolicyRef = builder.loadableNodeRef('SigningPolicy', {
  id: { resolve: (policy: SigningPolicyView) => policy.signingPolicyId },
  loaderOptions,
  load: found<SigningPolicyId, SigningPolicyView>((readModel, organizationId, ids) =>
    readModel.signingPoliciesByIds(organizationId, ids),
  ),
})

/** A trusted build system. */
export const TrustedBuildSystemRef = builder.loadableNodeRef('TrustedBuildSystem', {
  id: { resolve: (system: TrustedBuildSystemView) => system.trustedBuildSystemId },
  loaderOptions,
  load: found<TrustedBuildSystemId, TrustedBuildSystemView>((readModel, organizationId, ids) =>
    readModel.trustedBuildSystemsByIds(organizationId, ids),
  ),
})

/** A proposed change of a rule. */
export const ChangeProposalRef = builder.loadableNodeRef('ChangeProposal', {
  id: { resolve: (proposal: ChangeProposalView) => proposal.changeProposalId },
  loaderOptions,
  load: found<ChangeProposalId, ChangeProposalView>((readModel, organizationId, ids) =>
    readModel.changeProposalsByIds(organizationId, ids),
  ),
})

/** An approval in advance. */
export const GrantRef = builder.loadableNodeRef('Grant', {
  id: { resolve: (grant: GrantView) => grant.grantId },
  loaderOptions,
  load: found<GrantId, GrantView>((readModel, organizationId, ids) => readModel.grantsByIds(organizationId, ids)),
})

/** An address that is told of signing requests. */
export const WebHookRef = builder.loadableNodeRef('WebHook', {
  id: { resolve: (hook: WebHookView) => hook.webHookId },
  loaderOptions,
  load: found<WebHookId, WebHookView>((readModel, organizationId, ids) => readModel.webHooksByIds(organizationId, ids)),
})

/** A signing request. */
export const SigningRequestRef = builder.loadableNodeRef('SigningRequest', {
  id: { resolve: (request: SigningRequestView) => request.signingRequestId },
  loaderOptions,
  load: found<SigningRequestId, SigningRequestView>((readModel, organizationId, ids) =>
    readModel.signingRequestsByIds(organizationId, ids),
  ),
})

/** The references of the kinds of entities that mutations change. */
export type EntityRefs = {
  readonly ArtifactConfiguration: typeof ArtifactConfigurationRef
  readonly Project: typeof ProjectRef
  readonly SigningPolicy: typeof SigningPolicyRef
  readonly TrustedBuildSystem: typeof TrustedBuildSystemRef
}

function found<Id extends string, View>(
  load: (readModel: ReadModel, organizationId: OrganizationId, ids: Id[]) => Promise<(View | undefined)[]>,
): (ids: string[], context: GraphQLContext) => Promise<View[]> {
  return async (ids, { readModel, caller }) => {
    const views = await load(readModel, caller.organizationId, ids as Id[])
    return views.map((view) => view ?? null) as View[]
  }
}
