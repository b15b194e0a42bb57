import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A time-stamp authority behind a gate: while it is shut, queries wait. So a test can act in the middle of a signature. */
export type TimeStampGate = {
  readonly url: string
  readonly shut: () => void
  readonly open: () => void
  /** Answers every query with HTTP 503 from here on, until it is opened. */
  readonly refuse: () => void
  /** How many signatures stand before the gate now. */
  readonly waiting: () => number
  readonly close: () => Promise<void>
}

/**
 * Puts a gate, open at first, before a time-stamp authority.
 *
 * @param authorityUrl where queries go (RFC 3161 §3.4, over HTTP)
 */
export async function startTimeStampGate(authorityUrl: string): Promise<TimeStampGate> {
  let passage = Promise.withResolvers<void>()
  passage.resolve()
  let waiting = 0
  let refusing = false

  const server = createServer(async (request, response) => {
    response.on('error', () => undefined)
    try {
      const query: Buffer[] = []
      for await (const part of request as AsyncIterable<Buffer>) query.push(part)
      if (refusing) return void response.writeHead(503).end()
      waiting += 1
      // Who is killed while they wait does not stand here any more.
      const gone = once(response, 'close')
      await Promise.race([passage.promise, gone]).finally(() => {
        waiting -= 1
      })
      if (response.destroyed) return
      const answer = await fetch(authorityUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/timestamp-query' },
        body: Buffer.concat(query),
      })
      response.writeHead(answer.status, { 'content-type': 'application/timestamp-reply' })
      response.end(Buffer.from(await answer.arrayBuffer()))
    } catch {
      response.destroy()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/`,
    shut() {
      passage = Promise.withResolvers()
    },
    open() {
      refusing = false
      passage.resolve()
    },
    refuse() {
      refusing = true
    },
    waiting: () => waiting,
    async close() {
      passage.resolve()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
