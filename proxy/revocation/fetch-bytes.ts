import { request } from 'undici'

/** A call of a revocation service. */
export type FetchOrder = {
  readonly url: string
  readonly body?: Uint8Array
  readonly contentType?: string
  readonly maximumBytes: number
  /** Milliseconds, all in all. */
  readonly timeoutMs: number
}

/** Gets bytes over HTTP. What they are worth is judged by their signature. */
export type FetchBytes = (order: FetchOrder) => Promise<Buffer>

/** Gets bytes with undici; redirects are not followed. @throws Error that says what went wrong */
export const fetchBytes: FetchBytes = async ({ url, body, contentType, maximumBytes, timeoutMs }) => {
  const signal = AbortSignal.timeout(timeoutMs)
  const answer = await request(url, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body !== undefined && { body: Buffer.from(body) }),
    headers: { 'user-agent': 'countersign-proxy', ...(contentType !== undefined && { 'content-type': contentType }) },
    signal,
  })
  try {
    if (answer.statusCode !== 200) throw new Error(`HTTP ${answer.statusCode}`)
    const parts: Buffer[] = []
    let size = 0
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      size += part.length
      if (size > maximumBytes) throw new Error(`more than ${maximumBytes} bytes`)
      parts.push(part)
    }
    return Buffer.concat(parts)
  } finally {
    answer.body.on('error', () => undefined).destroy()
  }
}
