import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect } from 'vitest'

type Documented = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Record<string, Response> }>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}
type Response = { readonly content?: Readonly<Record<string, { readonly schema?: { readonly $ref?: string } }>> }

/** What was answered, read as a client reads it. */
// biome-ignore lint/suspicious/noExplicitAny: what an answer holds differs from route to route.
export type RestAnswer = { readonly status: number; readonly headers: Headers; readonly body: any }

/** An answer, as far as the document says how it must be. */
export type CheckedAnswer = { readonly status: number; readonly mediaType: string; readonly text: string }

/** Holds answers of one server against the server's own OpenAPI document. */
export function answerChecker(server: { readonly url: string }) {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  let document: Promise<Documented> | undefined
  const rootedSchemas = new Map<string, object>()

  async function schemaOf(
    method: string,
    path: string,
    status: number,
    mediaType: string,
  ): Promise<object | undefined> {
    document ??= fetch(`${server.url}/Api/v1/openapi.json`).then((answer) => answer.json() as Promise<Documented>)
    const { paths, components } = await document
    const matching = Object.entries(paths).filter(([each]) => pattern(each).test(path))
    const [found] = matching.toSorted(([one], [other]) => one.split('{').length - other.split('{').length)
    const operation = found?.[1][method.toLowerCase()]
    expect([method, path, operation !== undefined]).toEqual([method, path, true])
    // Every status is named; of faults of the service, and of limits that stand before all operations, only what they look like.
    const isUnnamed = status >= 500 || status === 408 || status === 431
    const response = operation?.responses[status] ?? (isUnnamed ? operation?.responses.default : undefined)
    expect([`${method} ${path} answers`, status, response !== undefined]).toEqual([
      `${method} ${path} answers`,
      status,
      true,
    ])
    const schema = response?.content?.[mediaType]?.schema
    const key = `${method} ${found?.[0]} ${status} ${mediaType}`
    // References lead from the root of the document to its components.
    const rooted = schema && (rootedSchemas.get(key) ?? { ...schema, components })
    if (rooted !== undefined) rootedSchemas.set(key, rooted)
    return rooted
  }

  return async function check(method: string, path: string, { status, mediaType, text }: CheckedAnswer) {
    const schema = await schemaOf(method, path.split('?')[0] ?? '', status, mediaType)
    if (!/json$/.test(mediaType) || text === '') return
    expect([`${method} ${path} ${status}`, schema !== undefined]).toEqual([`${method} ${path} ${status}`, true])
    const isValid = ajv.validate(schema ?? {}, JSON.parse(text))
    expect([text, isValid, ajv.errors]).toEqual([text, true, null])
  }
}

/** Calls operations of one server, and holds every answer against the server's own OpenAPI document. */
export function restClient(server: { readonly url: string }) {
  const check = answerChecker(server)

  return async function call(
    method: string,
    path: string,
    options: {
      readonly token?: string
      readonly headers?: Record<string, string>
      readonly body?: RequestInit['body']
    } = {},
  ): Promise<RestAnswer> {
    const { token, headers = {}, body = null } = options
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
      body,
    })
    const text = await response.text()
    const mediaType = response.headers.get('content-type')?.split(';')[0] ?? ''
    await check(method, path, { status: response.status, mediaType, text })
    const isJson = /json$/.test(mediaType)
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }
}

/** A path of the document matches without regard to case; literal paths come before those with parameters. */
function pattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`, 'i')
}
