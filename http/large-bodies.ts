import type { IncomingMessage, ServerResponse } from 'node:http'
import { networkOf, Refusal } from '../domain/index.ts'
import type { Client } from './client.ts'

/** How many large bodies may be on their way in at once. */
export type LargeBodyLimits = {
  /** Into the process. */
  readonly atOnce: number
  /** From one address (of IPv6: one network of 64 bits) that is no trusted proxy. */
  readonly atOncePerAddress: number
}

/** A body of more bytes is a large one, and so is one that does not say how many it has. */
const largeFrom = 1024 * 1024

/** Counts large bodies that are on their way in, and refuses those beyond the limits before a byte of them is read. */
export type LargeBodies = {
  /**
   * Counts the body of a request until its answer is over.
   *
   * @throws Refusal `TOO_MANY_UPLOADS`, with `retryAfterSeconds` in its details
   */
  readonly count: (request: IncomingMessage, response: ServerResponse, client: Client) => void
}

/** Makes the counters of one process. */
export function countLargeBodies({ atOnce, atOncePerAddress }: LargeBodyLimits): LargeBodies {
  const underWay = new Map<string, number>()
  let all = 0
  return {
    count(request, response, { address = '' }) {
      if (!isLarge(request)) return
      const network = networkOf(address)
      const ofNetwork = underWay.get(network) ?? 0
      if (all >= atOnce || ofNetwork >= atOncePerAddress) throw tooMany(all >= atOnce ? atOnce : atOncePerAddress)
      all += 1
      underWay.set(network, ofNetwork + 1)
      response.once('close', () => {
        all -= 1
        const left = (underWay.get(network) ?? 1) - 1
        if (left === 0) underWay.delete(network)
        else underWay.set(network, left)
      })
    },
  }
}

function isLarge({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true
  return Number(headers['content-length'] ?? 0) > largeFrom
}

function tooMany(limit: number): Refusal {
  const retryAfterSeconds = 5
  return new Refusal(
    'TOO_MANY_UPLOADS',
    `${limit} uploads are under way already, and no more are taken at once. Try again in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  )
}
