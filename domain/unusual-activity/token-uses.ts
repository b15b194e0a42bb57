import type { Instant } from '../event.ts'
import type { ApiTokenId } from '../ids.ts'
import type { Evidence, UnusualFacts } from './events.ts'

/** A use of an API token that left an event: where and when it was used there last. */
export type TokenUse = Evidence & { readonly tokenId: ApiTokenId; readonly network: string; readonly at: Instant }

/** The uses of a user's tokens of the last minutes, the newest of each token and network. */
export type TokenUses = readonly TokenUse[]

/** Uses with so many seconds or more between them are nothing unusual. */
const apartSeconds = 300
/** So many are kept. */
const mostKept = 32

/** Adds a use. */
export function withTokenUse(uses: TokenUses, use: TokenUse): TokenUses {
  const same = (other: TokenUse) => other.tokenId === use.tokenId && other.network === use.network
  const earlier = uses.find(same)
  const kept = earlier !== undefined && earlier.at > use.at ? earlier : use
  const all = [...uses.filter((other) => !same(other)), kept].toSorted((one, other) => (one.at < other.at ? -1 : 1))
  return all.filter((other) => millisecondsBetween(use, other) < apartSeconds * 1_000).slice(-mostKept)
}

/**
 * What is unusual about a use of a token: one from another network shortly before.
 *
 * @param areFamiliar whether the user calls from both networks as a rule
 */
export function tokenInTwoNetworks(
  uses: TokenUses,
  use: TokenUse,
  areFamiliar: (network: string, other: string) => boolean,
): { readonly facts: Extract<UnusualFacts, { rule: 'tokenInTwoNetworks' }>; readonly other: TokenUse } | undefined {
  const millisecondsTo = (other: TokenUse) => millisecondsBetween(use, other)
  const [other] = uses
    .filter(({ tokenId, network }) => tokenId === use.tokenId && network !== use.network)
    .filter((each) => millisecondsTo(each) < apartSeconds * 1_000 && !areFamiliar(use.network, each.network))
    .toSorted((one, next) => millisecondsTo(one) - millisecondsTo(next))
  if (other === undefined) return undefined
  const seen = { seconds: Math.round(millisecondsTo(other) / 1_000) }
  return { facts: { rule: 'tokenInTwoNetworks', seen, usual: { seconds: apartSeconds } }, other }
}

function millisecondsBetween(one: TokenUse, other: TokenUse): number {
  return Math.abs(Date.parse(one.at) - Date.parse(other.at))
}
