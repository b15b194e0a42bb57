import type { Instant } from './event.ts'
import type {
  ApiTokenId,
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
} from './ids.ts'

/** The names of the streams: one per entity, and one per slug. */
export const streams = {
  organization: (id: OrganizationId) => `organization-${id}`,
  /** Which Global Administrators of an organization count as remaining when others leave. */
  administrators: (id: OrganizationId) => `administrators-${id}`,
  user: (id: UserId) => `user-${id}`,
  /** Which users an actor of a build system may be, by a UUID that is made of organization, system and id. */
  buildActor: (uuid: string) => `buildActor-${uuid}`,
  /** On which days an API token was used. */
  apiTokenUse: (id: ApiTokenId) => `apiTokenUse-${id}`,
  key: (id: KeyId) => `key-${id}`,
  group: (id: GroupId) => `group-${id}`,
  certificate: (id: CertificateId) => `certificate-${id}`,
  project: (id: ProjectId) => `project-${id}`,
  artifactConfiguration: (id: ArtifactConfigurationId) => `artifactConfiguration-${id}`,
  signingPolicy: (id: SigningPolicyId) => `signingPolicy-${id}`,
  changeProposal: (id: ChangeProposalId) => `changeProposal-${id}`,
  grant: (id: GrantId) => `grant-${id}`,
  /** Which grants there are for requests of a signing policy. */
  policyGrants: (id: SigningPolicyId) => `policyGrants-${id}`,
  trustedBuildSystem: (id: TrustedBuildSystemId) => `trustedBuildSystem-${id}`,
  webHook: (id: WebHookId) => `webHook-${id}`,
  /** What people asked for about a delivery to a web hook, by the delivery's UUID. */
  webHookDelivery: (deliveryId: string) => `webHookDelivery-${deliveryId}`,
  signingRequest: (id: SigningRequestId) => `signingRequest-${id}`,
  /** What is known of a process's key, by the key's id. */
  processKey: (keyId: string) => `processKey-${keyId}`,
  /** Which project of an organization has a slug, by a UUID that is made of both. */
  projectSlug: (uuid: string) => `projectSlug-${uuid}`,
  /** Which signing policy of a project has a slug, by a UUID that is made of both. */
  signingPolicySlug: (uuid: string) => `signingPolicySlug-${uuid}`,
  /** Which artifact configuration of a project has a slug, by a UUID that is made of both. */
  artifactConfigurationSlug: (uuid: string) => `artifactConfigurationSlug-${uuid}`,
  /** Which trusted build system of an organization has a slug, by a UUID that is made of both. */
  trustedBuildSystemSlug: (uuid: string) => `trustedBuildSystemSlug-${uuid}`,
  /** Refused attempts in an organization on one UTC day. */
  security: (id: OrganizationId, at: Instant) => `security-${id}-${at.slice(0, 10)}`,
  /** A finding of unusual activity, by a UUID that is made of what it is. */
  unusualActivity: (uuid: string) => `unusualActivity-${uuid}`,
} as const

/** Kinds of streams: what stands before the first hyphen of a stream's name. */
export type StreamKind = keyof typeof streams

/** Takes a stream's name apart; `undefined` for a stream that is not the service's. */
export function parseStreamName(streamId: string): { readonly kind: StreamKind; readonly id: string } | undefined {
  const hyphen = streamId.indexOf('-')
  const kind = streamId.slice(0, hyphen)
  return hyphen > 0 && Object.hasOwn(streams, kind)
    ? { kind: kind as StreamKind, id: streamId.slice(hyphen + 1) }
    : undefined
}
