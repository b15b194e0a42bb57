import { createClient } from 'graphql-ws'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { until } from './until.ts'

/** One result of a subscription, as JSON says it. */
export type Result = {
  // biome-ignore lint/suspicious/noExplicitAny: tests look where their subscription says
  readonly data?: any
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[]
}

/** What a subscription has delivered so far. */
export type Subscriber = {
  readonly results: Result[]
  /** Whether the server said that there is no more. */
  readonly completed: () => boolean
  /** What broke it, if something did. */
  readonly failure: () => unknown
  /** Waits for so many results. */
  readonly count: (results: number) => Promise<readonly Result[]>
  readonly end: () => void
}

/** Subscribes by server-sent events, in the distinct connections mode of graphql-sse. */
export async function subscribeBySse(
  url: string,
  token: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Subscriber & { readonly status: number }> {
  const leave = new AbortController()
  onTestFinished(() => leave.abort())
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query, variables }),
    signal: leave.signal,
  })
  const results: Result[] = []
  let completed = false
  let failure: unknown
  async function read(): Promise<void> {
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true })
      const messages = text.split('\n\n')
      text = messages.pop() ?? ''
      for (const message of messages) {
        const lines = message.split('\n')
        const event = lines.find((line) => line.startsWith('event: '))?.slice(7)
        const data = lines.find((line) => line.startsWith('data: '))?.slice(6)
        if (event === 'next') results.push(JSON.parse(data ?? 'null'))
        if (event === 'complete') completed = true
      }
    }
  }
  read().catch((error) => {
    failure = error
  })
  return {
    status: response.status,
    results,
    completed: () => completed,
    failure: () => failure,
    count: (number) => countOf(results, number),
    end: () => leave.abort(),
  }
}

/** Subscribes by graphql-transport-ws, with the token in `connection_init`. */
export function subscribeByWebSocket(
  url: string,
  token: string | undefined,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Subscriber {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(token === undefined ? {} : { connectionParams: { authorization: `Bearer ${token}` } }),
  })
  const results: Result[] = []
  let completed = false
  let failure: unknown
  const unsubscribe = client.subscribe(
    { query, variables },
    {
      next: (result) => results.push(result as unknown as Result),
      error: (error) => {
        failure = error
      },
      complete: () => {
        completed = true
      },
    },
  )
  const end = () => {
    unsubscribe()
    void client.dispose()
  }
  onTestFinished(end)
  return {
    results,
    completed: () => completed,
    failure: () => failure,
    count: (number) => countOf(results, number),
    end,
  }
}

async function countOf(results: readonly Result[], number: number): Promise<readonly Result[]> {
  await until(`${number} results`, () => results.length >= number)
  return results
}
