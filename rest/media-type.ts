import type { FastifyRequest } from 'fastify'
import { Refusal } from '../domain/index.ts'

/** The media type of the body, in lower case and without parameters; `undefined` when the request names none. */
export function mediaTypeOf(request: FastifyRequest): string | undefined {
  return headerOf(request, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase()
}

/** How many bytes the body has; `undefined` when it does not say (`Transfer-Encoding: chunked`). */
export function announcedSize(request: FastifyRequest): number | undefined {
  if (request.headers['transfer-encoding'] !== undefined) return undefined
  return Number(headerOf(request, 'content-length') ?? 0)
}

/** A header; given several times, all of them. */
export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** @throws Refusal `CONTENT_ENCODING_UNSUPPORTED` */
export function refuseEncoded(request: FastifyRequest): void {
  const encoding = headerOf(request, 'content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new Refusal(
      'CONTENT_ENCODING_UNSUPPORTED',
      `Send the body as it is, without a Content-Encoding; got ${encoding.slice(0, 100)}.`,
    )
}
