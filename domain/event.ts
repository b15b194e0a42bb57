import type { Actor } from './actor.ts'
import type { OrganizationId } from './ids.ts'

/** A moment in UTC, ISO 8601 with milliseconds and `Z`, as `Date.prototype.toISOString` writes it. Compares as text. */
export type Instant = string

/** A fact that happened: past-tense type, camelCase JSON data. Old schema versions are upcast on read, never rewritten. */
export type DomainEvent<Type extends string = string, Data extends object = object> = {
  readonly type: Type
  readonly data: Readonly<Data> & { readonly schemaVersion: number }
}

/** What accompanies every event in the log. Never a secret. */
export type EventMetadata = {
  readonly organizationId: OrganizationId
  readonly actor: Actor
  /** The caller's IP address, where one called. */
  readonly remoteAddress?: string
  /** The signing request, or the API call, that the event belongs to. */
  readonly correlationId: string
  /** The event or API call that caused it. */
  readonly causationId: string
  readonly occurredAt: Instant
}
