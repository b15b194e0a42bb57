import { typedDocument } from '../connection/graphql.ts'
import type { CertificateSummary } from './organization.ts'
import { type Connected, type EntityEvent, eventFields } from './requests.ts'
import { type RunningRequests, runningRequestsField } from './running-requests.ts'

/** What lists show of a key. */
export type KeySummary = {
  readonly keyId: string
  readonly name: string
  readonly status: string
  /** The key store's name in the signer's configuration. */
  readonly keyStore: string
  readonly algorithm: string
  readonly origin: string
  readonly potentiallyExposed: boolean
  /** Null when it is to stay. */
  readonly deletion: KeyDeletion | null
}

/** The destruction of a key, which two people have to want. */
export type KeyDeletion = {
  readonly requestedBy: { readonly userId: string; readonly name: string | null } | null
  readonly reason: string | null
  readonly expiresAt: string
  /** Null until another person has. */
  readonly confirmedBy: { readonly userId: string; readonly name: string | null } | null
}

/** Everything about a key but its history. */
export type KeyDetails = KeySummary & {
  /** CKA_LABEL and CKA_ID (hexadecimal) in the key store. */
  readonly label: string
  readonly ckaId: string
  /** DER SubjectPublicKeyInfo, base64; null until it was made. */
  readonly publicKey: string | null
  readonly token: {
    readonly label: string
    readonly serialNumber: string
    readonly manufacturer: string
    readonly model: string
  } | null
  readonly certificates: readonly (Pick<CertificateSummary, 'certificateId' | 'name' | 'status' | 'notAfter'> & {
    readonly signingPolicies: readonly { readonly slug: string; readonly project: { readonly slug: string } | null }[]
  })[]
  readonly runningRequests: RunningRequests
}

const keyFields =
  'keyId name status keyStore algorithm origin potentiallyExposed deletion { requestedBy { userId name } reason expiresAt confirmedBy { userId name } }'

/** Keys, newest first. */
export const listKeys = typedDocument<
  { readonly keys: Connected<KeySummary> },
  { readonly first: number; readonly after: string | null }
>(`query ListKeys($first: Int, $after: String) {
  keys(first: $first, after: $after) {
    nodes { ${keyFields} }
    pageInfo { hasNextPage endCursor }
  }
}`)

/** One key and a page of its time line, oldest first; both as of one moment. */
export const keyWithEvents = typedDocument<
  { readonly key: (KeyDetails & { readonly events: Connected<EntityEvent> }) | null },
  { readonly id: string; readonly after: string | null }
>(`query KeyWithEvents($id: ID!, $after: String) {
  key(id: $id) {
    ${keyFields} label ckaId publicKey
    token { label serialNumber manufacturer model }
    certificates { certificateId name status notAfter signingPolicies { slug project { slug } } }
    ${runningRequestsField}
    events(first: 50, after: $after) {
      nodes { ${eventFields} }
      pageInfo { hasNextPage endCursor }
    }
  }
}`)

/** Disables a key, for good. */
export const disableKey = typedDocument<
  { readonly disableKey: { readonly keyId: string; readonly position: string } },
  { readonly input: { readonly keyId: string; readonly reason: string | null } }
>(`mutation DisableKey($input: DisableKeyInput!) {
  disableKey(input: $input) { keyId position }
}`)

type KeyChange = { readonly keyId: string; readonly position: string }

/** Asks for the destruction of a key. */
export const requestKeyDeletion = typedDocument<
  { readonly requestKeyDeletion: KeyChange },
  { readonly input: { readonly keyId: string; readonly reason: string | null } }
>(`mutation RequestKeyDeletion($input: KeyDeletionInput!) {
  requestKeyDeletion(input: $input) { keyId position }
}`)

/** Confirms the destruction of a key. */
export const confirmKeyDeletion = typedDocument<
  { readonly confirmKeyDeletion: KeyChange },
  { readonly input: { readonly keyId: string; readonly label: string } }
>(`mutation ConfirmKeyDeletion($input: ConfirmKeyDeletionInput!) {
  confirmKeyDeletion(input: $input) { keyId position }
}`)

/** Keeps a key after all. */
export const withdrawKeyDeletion = typedDocument<
  { readonly withdrawKeyDeletion: KeyChange },
  { readonly input: { readonly keyId: string; readonly reason: string | null } }
>(`mutation WithdrawKeyDeletion($input: KeyDeletionInput!) {
  withdrawKeyDeletion(input: $input) { keyId position }
}`)
