import { typedDocument } from '../connection/graphql.ts'
import type { NamedUser } from './request-fields.ts'
import { type Connected, type EntityEvent, eventFields } from './requests.ts'

/** What lists show of a grant. */
export type GrantSummary = {
  readonly grantId: string
  readonly status: 'notYetInForce' | 'inForce' | 'usedUp' | 'over' | 'revoked'
  readonly giver: NamedUser
  readonly project: { readonly slug: string } | null
  readonly signingPolicy: { readonly slug: string } | null
  readonly signingPolicyVersion: number
  readonly from: string
  readonly until: string
  readonly maximumRequests: number
  readonly fileNames: readonly string[]
  readonly versions: readonly string[]
  readonly branches: readonly string[]
  readonly comment: string | null
  readonly uses: readonly {
    readonly usedAt: string
    readonly signingRequest: { readonly signingRequestId: string; readonly status: string } | null
  }[]
}

/** Everything about a grant but its history. */
export type GrantDetails = GrantSummary & {
  readonly certificateThumbprint: string
  readonly revocation: {
    readonly revokedAt: string
    readonly revokedBy: NamedUser
    readonly reason: string | null
  } | null
}

/** A grant after a change that is in the log. */
export type GrantChange = { readonly grantId: string; readonly position: string }

const summaryFields = `grantId status giver { userId name } project { slug } signingPolicy { slug } signingPolicyVersion
  from until maximumRequests fileNames versions branches comment
  uses { usedAt signingRequest { signingRequestId status } }`

/** Grants, newest first. */
export const listGrants = typedDocument<
  { readonly grants: Connected<GrantSummary> },
  {
    readonly signingPolicy: string | null
    readonly giver: string | null
    readonly first: number
    readonly after: string | null
  }
>(`query ListGrants($signingPolicy: ID, $giver: ID, $first: Int, $after: String) {
  grants(signingPolicy: $signingPolicy, giver: $giver, first: $first, after: $after) {
    nodes { ${summaryFields} } pageInfo { hasNextPage endCursor }
  }
}`)

/** A grant, and a page of its history. */
export const oneGrant = typedDocument<
  { readonly grant: (GrantDetails & { readonly events: Connected<EntityEvent> }) | null },
  { readonly id: string; readonly after: string | null }
>(`query OneGrant($id: ID!, $after: String) {
  grant(id: $id) {
    ${summaryFields} certificateThumbprint revocation { revokedAt revokedBy { userId name } reason }
    events(first: 100, after: $after) { nodes { ${eventFields} } pageInfo { hasNextPage endCursor } }
  }
}`)

/** Approves in advance. */
export const giveGrant = typedDocument<
  { readonly giveGrant: GrantChange },
  {
    readonly input: {
      readonly project: string
      readonly signingPolicy: string
      readonly from: string | null
      readonly until: string
      readonly maximumRequests: number
      readonly fileNames: readonly string[]
      readonly versions: readonly string[]
      readonly branches: readonly string[]
      readonly comment: string | null
    }
  }
>(`mutation GiveGrant($input: GiveGrantInput!) { giveGrant(input: $input) { grantId position } }`)

/** Takes a grant back. */
export const revokeGrant = typedDocument<
  { readonly revokeGrant: GrantChange },
  { readonly input: { readonly grantId: string; readonly reason: string | null } }
>(`mutation RevokeGrant($input: RevokeGrantInput!) { revokeGrant(input: $input) { grantId position } }`)
