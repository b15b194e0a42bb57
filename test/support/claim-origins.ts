import type { LinkSecrets } from '../../activities/index.ts'
import { claimConnectors, createOrigins, type Origins } from '../../origin/index.ts'

/** For links that have no secrets. */
export const noLinkSecrets: LinkSecrets = { get: async () => undefined }

/** Origins as build systems claim them that are asked nothing. */
export function claimOrigins(): Origins {
  return createOrigins({
    connectors: claimConnectors,
    openApi: () => {
      throw new Error('Nobody is asked here.')
    },
  })
}
