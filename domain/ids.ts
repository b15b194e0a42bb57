import { Refusal } from './refusal.ts'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** A UUID in lower-case RFC 9562 text form. Every id below is one. */
export type OrganizationId = Branded<'OrganizationId'>
/** Identifies a person or a CI user. */
export type UserId = Branded<'UserId'>
/** Identifies a group of users. */
export type GroupId = Branded<'GroupId'>
/** Identifies one API token of a user; says nothing about its secret. */
export type ApiTokenId = Branded<'ApiTokenId'>
/** Identifies one invitation of a user; says nothing about its secret. */
export type InvitationId = Branded<'InvitationId'>
/** Identifies a session of the web application; says nothing about the secret in its cookie. */
export type SessionId = Branded<'SessionId'>
/** Identifies a trusted build system. */
export type TrustedBuildSystemId = Branded<'TrustedBuildSystemId'>
/** Identifies one token of a trusted build system; says nothing about its secret. */
export type TrustedBuildSystemTokenId = Branded<'TrustedBuildSystemTokenId'>
/** Identifies a key pair in a key store. */
export type KeyId = Branded<'KeyId'>
/** Identifies a certificate. */
export type CertificateId = Branded<'CertificateId'>
/** Identifies a project. */
export type ProjectId = Branded<'ProjectId'>
/** Identifies an artifact configuration; its versions share the id. */
export type ArtifactConfigurationId = Branded<'ArtifactConfigurationId'>
/** Identifies a signing policy; its versions share the id. */
export type SigningPolicyId = Branded<'SigningPolicyId'>
/** Identifies a proposed change of a rule. */
export type ChangeProposalId = Branded<'ChangeProposalId'>
/** Identifies an approval in advance. */
export type GrantId = Branded<'GrantId'>
/** Identifies a signing request, and the Temporal workflow that carries it. */
export type SigningRequestId = Branded<'SigningRequestId'>
/** Identifies a web hook. */
export type WebHookId = Branded<'WebHookId'>
/** Identifies what is secret about a web hook, where it is kept sealed. */
export type WebHookSecretId = Branded<'WebHookSecretId'>
/** Identifies a secret of a link between a project and a trusted build system, where it is kept sealed. */
export type LinkSecretId = Branded<'LinkSecretId'>
/** Identifies what is secret about a request's source, where it is kept sealed. */
export type SourceSecretsId = Branded<'SourceSecretsId'>
/** Identifies a secret by which a build system is asked about one build, where it is kept sealed. */
export type BuildSecretId = Branded<'BuildSecretId'>

/** Any of the ids above. */
export type EntityId =
  | OrganizationId
  | UserId
  | GroupId
  | ApiTokenId
  | ArtifactConfigurationId
  | InvitationId
  | KeyId
  | LinkSecretId
  | SessionId
  | TrustedBuildSystemId
  | TrustedBuildSystemTokenId
  | CertificateId
  | ProjectId
  | SigningPolicyId
  | ChangeProposalId
  | GrantId
  | SigningRequestId
  | SourceSecretsId
  | BuildSecretId
  | WebHookId
  | WebHookSecretId

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * Reads an id from text that came from outside; upper case is accepted and folded.
 *
 * @param text the id as the caller sent it
 * @param what the name of the field, for the message
 * @throws Refusal `ID_MALFORMED` when the text is not a UUID
 */
export function parseId<Id extends EntityId>(text: string, what: string): Id {
  const id = text.toLowerCase()
  if (!uuidPattern.test(id))
    throw new Refusal(
      'ID_MALFORMED',
      `${what} must be a UUID such as 0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b; got ${JSON.stringify(text.slice(0, 60))}.`,
    )
  return id as Id
}

/** The id that a text is, in lower case; `undefined` when it cannot be one. */
export function asId<Id extends EntityId>(text: string): Id | undefined {
  const id = text.toLowerCase()
  return uuidPattern.test(id) ? (id as Id) : undefined
}
