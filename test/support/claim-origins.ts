import { claimConnectors, createOrigins, type Origins } from '../../origin/index.ts'

/** Origins as build systems claim them that are asked nothing. */
export function claimOrigins(): Origins {
  return createOrigins({
    connectors: claimConnectors,
    openApi: () => {
      throw new Error('Nobody is asked here.')
    },
  })
}
