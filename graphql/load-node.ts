import { brandWithType } from '@pothos/core'
import type { GraphQLContext } from './context.ts'
import type { NodeType } from './global-id.ts'
import {
  ArtifactConfigurationRef,
  CertificateRef,
  ChangeProposalRef,
  GrantRef,
  GroupRef,
  KeyRef,
  OrganizationRef,
  ProjectRef,
  SigningPolicyRef,
  SigningRequestRef,
  TrustedBuildSystemRef,
  UserRef,
  WebHookRef,
} from './refs.ts'

const entityRefs = {
  Organization: OrganizationRef,
  User: UserRef,
  Key: KeyRef,
  Group: GroupRef,
  Certificate: CertificateRef,
  Project: ProjectRef,
  ArtifactConfiguration: ArtifactConfigurationRef,
  SigningPolicy: SigningPolicyRef,
  TrustedBuildSystem: TrustedBuildSystemRef,
  ChangeProposal: ChangeProposalRef,
  Grant: GrantRef,
  WebHook: WebHookRef,
  SigningRequest: SigningRequestRef,
} as const

/** Loads an entity of any type, many at once; null when the organization has none such. */
export async function loadNode(
  { typename, id }: { readonly typename: NodeType; readonly id: string },
  context: GraphQLContext,
): Promise<object | null> {
  const entity: object | null = await entityRefs[typename].getDataloader(context).load(id)
  if (entity !== null) brandWithType(entity, entityRefs[typename])
  return entity
}
