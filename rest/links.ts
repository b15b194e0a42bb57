import { organizationPath } from './operation.ts'

/** Where clients reach the service; a function says so once it listens. */
export type PublicUrl = string | (() => string)

/** Absolute addresses of what answers name, from the configured public URL. */
export type Links = {
  /** Of a request, or of something of it, such as `SignedArtifact`. */
  readonly signingRequest: (
    request: { readonly organizationId: string; readonly signingRequestId: string },
    part?: string,
  ) => string
  /** The page of a request for people. */
  readonly webLink: (signingRequestId: string) => string
}

/** Makes links. */
export function linksFrom(publicUrl: PublicUrl): Links {
  const base = () => (typeof publicUrl === 'string' ? publicUrl : publicUrl())
  return {
    signingRequest({ organizationId, signingRequestId }, part) {
      const path = organizationPath.replace('{organizationId}', organizationId)
      return `${base()}${path}/SigningRequests/${signingRequestId}${part === undefined ? '' : `/${part}`}`
    },
    webLink: (signingRequestId) => `${base()}/signing-requests/${signingRequestId}`,
  }
}
