import { typedDocument } from '../connection/graphql.ts'
import { type Connected, type EntityEvent, eventFields } from './requests.ts'

/** A part of a state that is another than before. */
export type Change = {
  readonly path: string
  readonly kind: 'added' | 'removed' | 'changed'
  readonly before: unknown
  readonly after: unknown
}

/** Something that happened to an entity, and what is another since. */
export type HistoryEntry = {
  readonly event: EntityEvent & { readonly eventId: string; readonly remoteAddress: string | null }
  readonly changes: readonly Change[]
}

/** A page of the history of an entity, oldest first; null where there is none. */
export const entityHistory = typedDocument<
  { readonly history: Connected<HistoryEntry> | null },
  {
    readonly kind: string
    readonly id: string
    readonly asOf: string | null
    readonly first: number
    readonly after: string | null
  }
>(`query EntityHistory($kind: EntityKind!, $id: ID!, $asOf: DateTime, $first: Int, $after: String) {
  history(kind: $kind, id: $id, asOf: $asOf, first: $first, after: $after) {
    nodes {
      event { eventId ${eventFields} remoteAddress }
      changes { path kind before after }
    }
    pageInfo { hasNextPage endCursor }
  }
}`)

/** Who tried what was refused. */
export type RefusedActor = {
  readonly kind: string
  readonly userId: string | null
  readonly component: string | null
  readonly user: { readonly userId: string; readonly name: string } | null
}

/** A token that was presented and does not work. */
export type PresentedToken = {
  readonly userId: string
  readonly apiTokenId: string
  readonly user: { readonly name: string } | null
}

/** How often one source was refused with one code. */
export type RefusalKind = {
  readonly actor: RefusedActor
  readonly remoteAddress: string | null
  readonly commands: readonly string[]
  readonly code: string
  readonly count: number
  readonly presented: PresentedToken | null
}

/** Refusals that were recorded together. */
export type SecurityRefusal = Omit<RefusalKind, 'code'> & {
  readonly eventId: string
  readonly occurredAt: string
  /** Null where it stands for several kinds. */
  readonly code: string | null
  readonly subject: string | null
  readonly firstAt: string
  readonly lastAt: string
  readonly kinds: readonly RefusalKind[]
  /** How many of `count` are of none of these kinds. */
  readonly unnamed: number
}

const refusalFields =
  'actor { kind userId component user { userId name } } remoteAddress commands code count presented { userId apiTokenId user { name } }'

/** Which records an auditor asks for. What is null does not restrict. */
export type RecordedWhen = {
  readonly user: string | null
  readonly occurredFrom: string | null
  readonly occurredBefore: string | null
}

type Page = { readonly first: number; readonly after: string | null }

const recordedVariables = '$user: ID, $occurredFrom: DateTime, $occurredBefore: DateTime, $first: Int, $after: String'
const recordedArguments =
  'user: $user, occurredFrom: $occurredFrom, occurredBefore: $occurredBefore, first: $first, after: $after'

/** A page of what was refused in the organization, newest first. */
export const securityRefusals = typedDocument<
  { readonly securityRefusals: Connected<SecurityRefusal> },
  RecordedWhen & Page & { readonly code: string | null }
>(`query SecurityRefusals($code: String, ${recordedVariables}) {
  securityRefusals(code: $code, ${recordedArguments}) {
    nodes {
      eventId occurredAt ${refusalFields} subject firstAt lastAt unnamed
      kinds { ${refusalFields} }
    }
    pageInfo { hasNextPage endCursor }
  }
}`)

/** What is looked for in what people do. */
export const unusualActivityRules = [
  'unusualHour',
  'newNetwork',
  'burstOfSubmissions',
  'repeatedDenials',
  'tokenInTwoNetworks',
] as const

/** The name of a rule. */
export type UnusualActivityRule = (typeof unusualActivityRules)[number]

/** Whose activity is unusual, and what it concerns. */
export type UnusualSubject = {
  readonly about: 'user' | 'signingPolicy'
  readonly userId: string | null
  readonly user: { readonly name: string } | null
  readonly signingPolicyId: string | null
  readonly signingPolicy: { readonly slug: string } | null
}

/** Something unusual that was recorded. */
export type UnusualActivity = {
  readonly eventId: string
  readonly occurredAt: string
  readonly rule: UnusualActivityRule
  readonly description: string
  readonly count: number
  readonly firstAt: string
  readonly lastAt: string
  readonly subjects: readonly UnusualSubject[]
  /** How many of `count` are about others. */
  readonly unnamed: number
  readonly apiTokenId: string | null
  readonly signingRequestId: string | null
  readonly seen: unknown
  readonly usual: unknown
  readonly evidence: readonly { readonly eventId: string; readonly streamId: string }[]
  readonly remoteAddress: string | null
}

/** A page of the unusual activity that was found in the organization, newest first. */
export const unusualActivity = typedDocument<
  { readonly unusualActivity: Connected<UnusualActivity> },
  RecordedWhen & Page & { readonly rule: UnusualActivityRule | null }
>(`query UnusualActivity($rule: UnusualActivityRule, ${recordedVariables}) {
  unusualActivity(rule: $rule, ${recordedArguments}) {
    nodes {
      eventId occurredAt rule description count firstAt lastAt unnamed
      subjects { about userId user { name } signingPolicyId signingPolicy { slug } }
      apiTokenId signingRequestId seen usual evidence { eventId streamId } remoteAddress
    }
    pageInfo { hasNextPage endCursor }
  }
}`)
