import { logParts } from './parts-log.ts'
import { originParts } from './parts-origin.ts'
import { proxyParts } from './parts-proxy.ts'
import { restParts } from './parts-rest.ts'
import { serviceParts } from './parts-service.ts'
import { signingParts } from './parts-signing.ts'
import type { Parts } from './row.ts'

/**
 * What is measured, each in a process of its own that loads no more than it measures: one's memory and threads are not
 * the other's.
 */
export const parts: Parts = {
  ...signingParts,
  ...logParts,
  ...serviceParts,
  ...restParts,
  ...originParts,
  ...proxyParts,
}
