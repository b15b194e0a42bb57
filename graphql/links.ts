import type { OrganizationId, SigningRequestId } from '../domain/index.ts'

/** Where the REST API serves a request's artifact, absolute. */
export function artifactLink(
  publicUrl: string,
  request: { readonly organizationId: OrganizationId; readonly signingRequestId: SigningRequestId },
  which: 'UnsignedArtifact' | 'SignedArtifact' | 'Provenance' | 'ProvenanceBundle' | `OriginEvidence/${string}`,
): string {
  return `${publicUrl}/Api/v1/${request.organizationId}/SigningRequests/${request.signingRequestId}/${which}`
}
