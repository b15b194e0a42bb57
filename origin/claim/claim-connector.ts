import { z } from 'zod'
import { findingOfClaim, type TrustedBuildSystemKind } from '../../domain/index.ts'
import type { Connector } from '../connector.ts'

const nothing = z.object({})

/**
 * What any caller says that has the token of a trusted build system: the token proves which system it is, and the system answers
 * for what it says. Nobody can be asked about it.
 */
export const customConnector = claimConnector('custom')

/** What a build node says that an authentication proxy knew by its client certificate, which is part of the origin then. */
export const authenticationProxyConnector = claimConnector('authenticationProxy')

function claimConnector(kind: TrustedBuildSystemKind): Connector<object, object> {
  return {
    kind,
    settings: nothing,
    build: nothing,
    baseUrl: () => null,
    async verify({ claimed, node = null }) {
      const finding = findingOfClaim(kind, claimed, node)
      if (finding === undefined)
        throw new Error(`A build system of the kind ${kind} is asked, and does not only claim.`)
      return { ...finding, evidence: [] }
    },
  }
}
