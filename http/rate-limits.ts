import { createHash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { networkOf, Refusal } from '../domain/index.ts'
import type { Client } from './client.ts'

/** How many requests a process takes within a minute. */
export type RateLimits = {
  /** By one text in the header `Authorization`, whether it is a token or not. */
  readonly perToken: number
  /** Of one address (of IPv6: one network of 64 bits), by whichever tokens. */
  readonly perAddress: number
}

/** Counts requests, and refuses those beyond the limits before anything else is done for them. */
export type RateLimiter = {
  /**
   * Counts a request of a client.
   *
   * @param authorization as the header `Authorization` has it
   * @throws Refusal `TOO_MANY_REQUESTS`, with `retryAfterSeconds` in its details
   */
  readonly count: (client: Client, authorization: string | undefined) => Promise<void>
}

const windowSeconds = 60

/** Makes the counters of one process. They are in memory: several processes behind a balancer let through a multiple. */
export function createRateLimiter({ perToken, perAddress }: RateLimits): RateLimiter {
  const tokens = new RateLimiterMemory({ points: perToken, duration: windowSeconds })
  const addresses = new RateLimiterMemory({ points: perAddress, duration: windowSeconds })
  return {
    async count({ address }, authorization) {
      // First, so that nobody makes more counters than this by making up tokens.
      if (address !== undefined)
        await take(addresses, networkOf(address), `${perAddress} requests a minute are taken from one address`)
      if (authorization !== undefined)
        await take(tokens, digestOf(authorization), `${perToken} requests a minute are taken with one token`)
    },
  }
}

async function take(limiter: RateLimiterMemory, key: string, rule: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (reached) {
    if (!(reached instanceof RateLimiterRes)) throw reached
    const retryAfterSeconds = Math.max(1, Math.ceil(reached.msBeforeNext / 1_000))
    throw new Refusal(
      'TOO_MANY_REQUESTS',
      `Too many requests: ${rule} by this process. Try again in ${retryAfterSeconds} s; wait for changes by a subscription or a long poll instead of asking again and again.`,
      { retryAfterSeconds },
    )
  }
}

/** Tokens are not kept in memory longer than a request takes. */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
