import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { type Operation, operation } from './operation.ts'

/** The version of this installation. */
export function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}

/** `GET /Api/v1/Meta/SystemInfo`: what answers here, for clients that want to know before they sign in. */
export function systemInfoOperations(): readonly Operation[] {
  const installed = version()
  return [
    operation({
      method: 'GET',
      path: '/Api/v1/Meta/SystemInfo',
      access: 'everybody',
      operationId: 'systemInfo',
      tag: 'Service',
      summary: 'Product and version',
      answers: {
        200: {
          description: 'What answers here.',
          schema: z.object({ product: z.literal('Countersign'), version: z.string() }),
        },
      },
      handle: async () => ({ status: 200, body: { product: 'Countersign', version: installed } }),
    }),
  ]
}
