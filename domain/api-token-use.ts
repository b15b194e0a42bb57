import type { Decider } from './decider.ts'
import type { DomainEvent, Instant } from './event.ts'
import type { ApiTokenId, UserId } from './ids.ts'

/**
 * An API token was used on a day (UTC) on which it was not recorded to have been used before. When exactly, and from which
 * address, the metadata says of this first use.
 */
export type ApiTokenUsed = DomainEvent<
  'ApiTokenUsed',
  { readonly userId: UserId; readonly tokenId: ApiTokenId; readonly day: string }
>

/** The last day on which a token is known to have been used, as `2026-03-01`; `null` for none. */
export type ApiTokenUseState = { readonly day: string | null }

/** A use of a token. */
export type ApiTokenUseCommand = {
  readonly type: 'RecordApiTokenUse'
  readonly userId: UserId
  readonly tokenId: ApiTokenId
  readonly at: Instant
}

/** The uses of an API token, to the day: whoever records one asks {@link isApiTokenUseKnown} first. It refuses nothing. */
export const apiTokenUseDecider: Decider<ApiTokenUseState, ApiTokenUseCommand, ApiTokenUsed> = {
  initialState: () => ({ day: null }),
  eventTypes: ['ApiTokenUsed'],
  decide: ({ userId, tokenId, at }) => [
    { type: 'ApiTokenUsed', data: { schemaVersion: 1, userId, tokenId, day: dayOf(at) } },
  ],
  evolve: ({ day }, { data }) => ({ day: day === null || day < data.day ? data.day : day }),
}

/** Whether a use at a moment is of a day that is recorded, or of one before. */
export function isApiTokenUseKnown({ day }: ApiTokenUseState, at: Instant): boolean {
  return day !== null && day >= dayOf(at)
}

/** The day of a moment, by UTC. */
export function dayOf(at: Instant): string {
  return at.slice(0, 10)
}
