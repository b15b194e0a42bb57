import type { Instant } from '../event.ts'
import type { UnusualFacts } from './events.ts'

/** From which networks somebody calls. */
export type KnownNetworks = {
  /** How many calls were seen. */
  readonly uses: number
  /** How many of them came from a network that was new then. */
  readonly found: number
  /** By network: how many calls, and when the newest was. */
  readonly networks: Readonly<Record<string, { readonly uses: number; readonly last: Instant }>>
}

/** Before so many calls no network can be called unusual. */
const fewestUses = 5
/** Whoever finds a new network more often than in every fifth call changes networks as a rule. */
const usesForEach = 5
/** So many networks are kept of somebody; the one that was not used for longest makes room. */
const mostNetworks = 32
/** When there are so many calls, all numbers are halved. */
const mostUses = 1_000
/** From so many calls on a network is familiar. */
const familiarUses = 10

/** Nothing is known yet. */
export const noNetworks: KnownNetworks = { uses: 0, found: 0, networks: {} }

/** Adds a call. */
export function withCall({ uses, found, networks }: KnownNetworks, network: string, at: Instant): KnownNetworks {
  const before = Object.hasOwn(networks, network) ? networks[network] : undefined
  const last = before !== undefined && before.last > at ? before.last : at
  const added = { ...networks, [network]: { uses: (before?.uses ?? 0) + 1, last } }
  const all = { uses: uses + 1, found: found + (before === undefined ? 1 : 0), networks: kept(added, network) }
  return all.uses < mostUses ? all : halved(all)
}

/** What is unusual about a use from this network; `undefined`: nothing, or nobody can say. */
export function newNetwork(
  { uses, found, networks }: KnownNetworks,
  network: string,
): Extract<UnusualFacts, { rule: 'newNetwork' }> | undefined {
  if (Object.hasOwn(networks, network) || uses < fewestUses || found * usesForEach > uses) return undefined
  return { rule: 'newNetwork', seen: { networks: found + 1 }, usual: { networks: found, uses } }
}

/** Whether somebody has called from a network often. */
export function isFamiliar({ networks }: KnownNetworks, network: string): boolean {
  return Object.hasOwn(networks, network) && (networks[network]?.uses ?? 0) >= familiarUses
}

function kept(networks: KnownNetworks['networks'], added: string): KnownNetworks['networks'] {
  const entries = Object.entries(networks)
  if (entries.length <= mostNetworks) return networks
  const [oldest] = entries
    .filter(([network]) => network !== added)
    .sort(([one, { last }], [other, { last: otherLast }]) =>
      last === otherLast ? (one < other ? -1 : 1) : last < otherLast ? -1 : 1,
    )
  return Object.fromEntries(entries.filter(([network]) => network !== oldest?.[0]))
}

function halved({ uses, found, networks }: KnownNetworks): KnownNetworks {
  const half = (count: number) => Math.ceil(count / 2)
  return {
    uses: half(uses),
    found: half(found),
    networks: Object.fromEntries(
      Object.entries(networks).map(([network, known]) => [network, { ...known, uses: half(known.uses) }]),
    ),
  }
}
