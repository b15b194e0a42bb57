/** What a service answers when it does not do what it was asked: the code of its GraphQL error or problem document. */
export class ServiceFailure extends Error {
  /** `UNREACHABLE` when the connection failed. */
  readonly code: string

  constructor(code: string, message: string) {
    super(`${code}: ${message}`)
    this.name = 'ServiceFailure'
    this.code = code
  }
}

/** A user's view of a service: any GraphQL, and the two ways that bytes go. */
export type ServiceClient = {
  /** Answers `data`. @throws ServiceFailure */
  readonly ask: <Data>(document: string, variables?: object) => Promise<Data>
  /** Sends a file; answers the upload's id. @throws ServiceFailure */
  readonly upload: (fileName: string, bytes: Uint8Array) => Promise<string>
  /** Fetches an artifact by its link. @throws ServiceFailure */
  readonly download: (link: string) => Promise<Uint8Array>
}

/**
 * A client that speaks GraphQL and HTTP by itself and knows nothing of the product's own command line.
 *
 * @param token `undefined` sends none
 */
export function serviceClient(url: string, token: string | undefined): ServiceClient {
  async function call(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    try {
      // Read to its end here: a connection that breaks in the middle of an answer is a broken connection too.
      const response = await fetch(new URL(path, url), { ...init, headers })
      return new Response(await response.arrayBuffer(), { status: response.status })
    } catch (error) {
      throw new ServiceFailure('UNREACHABLE', String(error instanceof Error ? (error.cause ?? error) : error))
    }
  }

  async function checked(response: Response): Promise<Response> {
    if (response.ok) return response
    const text = await response.text()
    const { code, detail } = JSON.parse(text) as { code?: string; detail?: string }
    throw new ServiceFailure(code ?? `HTTP_${response.status}`, detail ?? text)
  }

  return {
    async ask<Data>(document: string, variables: object = {}) {
      const response = await call('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ query: document, variables }),
      })
      const { data, errors } = (await response.json()) as {
        data?: Data
        errors?: readonly { message: string; extensions: { code: string } }[]
      }
      const [error] = errors ?? []
      if (error !== undefined) throw new ServiceFailure(error.extensions.code, error.message)
      return data as Data
    },

    async upload(fileName, bytes) {
      const response = await call(`/uploads?fileName=${encodeURIComponent(fileName)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: new Uint8Array(bytes),
      })
      return ((await (await checked(response)).json()) as { uploadId: string }).uploadId
    },

    async download(link) {
      return new Uint8Array(await (await checked(await call(link, {}))).arrayBuffer())
    },
  }
}
