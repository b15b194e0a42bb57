import { z } from 'zod'
import type { PublicUrl } from '../links.ts'
import { type Operation, operation } from '../operation.ts'
import { version } from '../system-info.ts'
import { type OpenApiDocument, openApiDocument } from './document.ts'
import { documentPage, pageHeaders } from './page.ts'

export type { OpenApiDocument } from './document.ts'

/** `GET /Api/v1/openapi.json` and `GET /Api/v1/docs`: the document of operations, and a page to read it. */
export function openApiOperations(operations: readonly Operation[], publicUrl: PublicUrl): readonly Operation[] {
  // Neither changes while the process runs, and anybody may ask for them.
  let made: OpenApiDocument | undefined
  let page: string | undefined
  const documented = (): OpenApiDocument => {
    made ??= openApiDocument([...operations, ...own], {
      serverUrl: typeof publicUrl === 'string' ? publicUrl : publicUrl(),
      version: version(),
    })
    return made
  }
  const readable = (): string => {
    page ??= documentPage(documented())
    return page
  }
  const own: readonly Operation[] = [
    operation({
      method: 'GET',
      path: '/Api/v1/openapi.json',
      access: 'everybody',
      operationId: 'openApiDocument',
      tag: 'Service',
      summary: 'This document',
      answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
      handle: async () => ({ status: 200, body: documented() }),
    }),
    operation({
      method: 'GET',
      path: '/Api/v1/docs',
      access: 'everybody',
      operationId: 'openApiPage',
      tag: 'Service',
      summary: 'This document as a page to read',
      answers: { 200: { description: 'A page without scripts.', mediaType: 'text/html' } },
      handle: async () => ({ status: 200, headers: pageHeaders, body: readable() }),
    }),
  ]
  return own
}
