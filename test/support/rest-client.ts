import { expect } from 'vitest'

/** An answer of the REST API. */
export type RestAnswer = {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look where the API says
  readonly body: any
}

/** A user's view of the REST API, by nothing but `fetch`: what an answer links to is followed as it stands there. */
export type RestClient = {
  /** Paths are below the organization, and links are absolute. A form is sent as such, anything else as JSON. */
  readonly send: (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    target: string,
    body?: FormData | object,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<RestAnswer>
  /** What a link leads to, as bytes. */
  readonly bytes: (target: string) => Promise<Buffer>
  /** The data of server-sent events, as they come, until the stream ends or nobody wants more. */
  readonly events: (target: string) => AsyncGenerator<{ readonly event: string; readonly data: RestAnswer['body'] }>
}

/** Opens it. @param base `<service>/Api/v1/<organization>` */
export function restClient(base: string, token: string): RestClient {
  const urlOf = (target: string) => (URL.canParse(target) ? target : `${base}${target}`)
  const authorization = `Bearer ${token}`
  return {
    async send(method, target, body, headers = {}) {
      const isForm = body instanceof FormData
      const response = await fetch(urlOf(target), {
        method,
        headers: { authorization, ...(isForm ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      })
      return { status: response.status, headers: response.headers, body: await response.json() }
    },
    async bytes(target) {
      const response = await fetch(urlOf(target), { headers: { authorization } })
      expect(response.status, target).toBe(200)
      return Buffer.from(await response.arrayBuffer())
    },
    async *events(target) {
      const leave = new AbortController()
      const headers = { authorization, accept: 'text/event-stream' }
      const response = await fetch(urlOf(target), { headers, signal: leave.signal })
      expect(response.status, target).toBe(200)
      let text = ''
      try {
        for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          text += chunk
          const messages = text.split('\n\n')
          text = messages.pop() ?? ''
          for (const message of messages) {
            const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1]
            const event = field('event')
            if (event !== undefined) yield { event, data: JSON.parse(field('data') ?? 'null') }
          }
        }
      } finally {
        leave.abort()
      }
    },
  }
}

/** A form of fields and files. */
export function formOf(fields: Readonly<Record<string, string | File>>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  return form
}
