import type { DomainEvent, Instant } from '../event.ts'
import type { ApiTokenId, SigningPolicyId, SigningRequestId, UserId } from '../ids.ts'

/** What is looked for in what people do, each a rule of its own. */
export const unusualActivityRules = [
  'unusualHour',
  'newNetwork',
  'burstOfSubmissions',
  'repeatedDenials',
  'tokenInTwoNetworks',
] as const

/** The name of a rule. */
export type UnusualActivityRule = (typeof unusualActivityRules)[number]

/** An event on which a finding rests. What it says, and from which address, stands there. */
export type Evidence = { readonly eventId: string; readonly streamId: string }

/** What a rule has found: what was seen, and what is usual. Numbers only: addresses stand in the metadata of events. */
export type UnusualFacts =
  | {
      /** A release policy was used at an hour at which it is not used. */
      readonly rule: 'unusualHour'
      /** The hour of the day, UTC. */
      readonly seen: { readonly hour: number }
      /** The hours at which it is used, and how often it was; `of` the policy itself, or of all release policies. */
      readonly usual: {
        readonly hours: readonly number[]
        readonly uses: number
        readonly of: 'signingPolicy' | 'organization'
      }
    }
  | {
      /** Somebody used a release policy from a network from which they had never called. */
      readonly rule: 'newNetwork'
      /** How many networks they have called from now, this one included. */
      readonly seen: { readonly networks: number }
      /** How many they had called from, in how many calls. */
      readonly usual: { readonly networks: number; readonly uses: number }
    }
  | {
      /** Many more requests than usual were submitted, by one user or to one policy. */
      readonly rule: 'burstOfSubmissions'
      readonly seen: { readonly submissions: number; readonly minutes: number }
      /** The most in as many minutes on other days, but for one exceptional day. */
      readonly usual: { readonly submissions: number; readonly days: number }
    }
  | {
      /** Approvers denied several requests, of one submitter or of one policy. */
      readonly rule: 'repeatedDenials'
      readonly seen: { readonly denials: number; readonly minutes: number }
      /** So many are nothing unusual. */
      readonly usual: { readonly denials: number }
    }
  | {
      /** One API token was used from two networks within minutes. */
      readonly rule: 'tokenInTwoNetworks'
      /** How many seconds lie between the two uses. */
      readonly seen: { readonly seconds: number }
      /** From so many on nothing is said. */
      readonly usual: { readonly seconds: number }
    }

/** Whose activity is unusual, and what it concerns. */
export type UnusualSubject = {
  readonly about: 'user' | 'signingPolicy'
  readonly userId: UserId | null
  readonly signingPolicyId: SigningPolicyId | null
}

/**
 * Something unusual happened. It decides nothing: people are to look at it. The event's metadata has the address that the
 * activity came from, and names what it rests on as its cause.
 */
export type UnusualActivityDetected = DomainEvent<
  'UnusualActivityDetected',
  UnusualFacts &
    UnusualSubject & {
      readonly tokenId: ApiTokenId | null
      /** The request that was submitted, approved or denied last. */
      readonly signingRequestId: SigningRequestId | null
      /** When it happened; when it was recorded, the metadata says. */
      readonly happenedAt: Instant
      /** How many findings of the same rule and subject this stands for: this one, and those since the last that was recorded. */
      readonly count: number
      /** What it rests on, the newest last; of many the newest. */
      readonly evidence: readonly Evidence[]
    }
>

/** More was found by one rule within an hour than is recorded one by one. */
export type FurtherUnusualActivityDetected = DomainEvent<
  'FurtherUnusualActivityDetected',
  {
    readonly rule: UnusualActivityRule
    /** How many findings this stands for. */
    readonly count: number
    /** Who and what they were about, each once, as many as are kept. */
    readonly subjects: readonly UnusualSubject[]
    /** How many of `count` are about others. */
    readonly unnamed: number
    readonly firstAt: Instant
    readonly lastAt: Instant
  }
>

/** Everything that stands in the stream of a finding: one event. */
export type UnusualActivityEvent = UnusualActivityDetected | FurtherUnusualActivityDetected

/** The types of these events. */
export const unusualActivityEventTypes = [
  'UnusualActivityDetected',
  'FurtherUnusualActivityDetected',
] as const satisfies readonly UnusualActivityEvent['type'][]
