import type { IncomingMessage } from 'node:http'
import { type AnsweringServer, answeringServer } from '../answering-server.ts'

/** What a stand-in for a build system answers. */
export type RoutedAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** An answer in JSON. */
export function json(status: number, body: unknown): RoutedAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) }
}

/** A page of a web application. */
export function page(status: number): RoutedAnswer {
  return { status, headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html><html></html>' }
}

/** The bytes of a file. */
export function file(bytes: Uint8Array): RoutedAnswer {
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: bytes }
}

/** An answer that leads elsewhere. */
export function redirect(location: string): RoutedAnswer {
  return { status: 302, headers: { location }, body: '' }
}

/** A server that answers what a function says, on 127.0.0.1 until the test ends. */
export function routedServer(route: (request: IncomingMessage, url: URL) => RoutedAnswer): Promise<AnsweringServer> {
  return answeringServer((request, response) => {
    const { status, headers, body } = route(request, new URL(request.url ?? '/', 'http://stand-in'))
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
  })
}

/** A stand-in that answers from a world, to whoever brings the one right Authorization and asks by GET. */
export async function worldServer<World>(options: {
  readonly world: World
  /** What is done to the world first. */
  readonly faults: readonly ((world: World) => unknown)[]
  readonly authorization: string
  /** The status for another Authorization. */
  readonly unauthorized: number
  /** The status for another method. */
  readonly otherMethod: number
  readonly answer: (url: URL, world: World, request: IncomingMessage) => RoutedAnswer
}): Promise<AnsweringServer & { readonly world: World }> {
  const { world, faults, authorization, unauthorized, otherMethod, answer } = options
  for (const fault of faults) fault(world)
  const server = await routedServer((request, url) => {
    if (request.headers.authorization !== authorization) return page(unauthorized)
    return request.method === 'GET' ? answer(url, world, request) : page(otherMethod)
  })
  return { ...server, world }
}
