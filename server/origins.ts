import { claimConnectors, createHttpApis, createOrigins, OriginError, type Origins } from '../origin/index.ts'
import type { Outside } from './outside.ts'

/** The build systems that the service can ask about their builds. A process without a way outside asks none. */
export function serviceOrigins(outside: Pick<Outside, 'outgoing'> | undefined): Origins {
  const apis = outside && createHttpApis({ outgoing: outside.outgoing, now: Date.now })
  return createOrigins({
    connectors: claimConnectors,
    openApi(place) {
      if (apis !== undefined) return apis.open(place)
      throw new OriginError('ORIGIN_KIND_UNSUPPORTED', 'This process has no way outside.', { isPassing: true })
    },
  })
}
