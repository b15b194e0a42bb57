import { typedDocument } from '../connection/graphql.ts'

/** Who calls, as the service knows them by their token. */
export type Viewer = {
  readonly userId: string
  readonly name: string
  readonly roles: readonly string[]
  readonly user: { readonly kind: string } | null
  readonly organization: { readonly organizationId: string; readonly name: string } | null
  /** Null when the call was not made with an API token. */
  readonly apiToken: {
    readonly apiTokenId: string
    readonly name: string
    readonly access: string
    readonly projects: readonly ({ readonly slug: string } | null)[] | null
    readonly networks: readonly string[] | null
    readonly expiresAt: string | null
  } | null
}

/** Who calls. */
export const viewer = typedDocument<{ readonly viewer: Viewer }, Record<never, never>>(`query Viewer {
  viewer {
    userId name roles user { kind } organization { organizationId name }
    apiToken { apiTokenId name access projects { slug } networks expiresAt }
  }
}`)
