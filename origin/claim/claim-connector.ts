import { z } from 'zod'
import { failedCheck, originOfClaim } from '../../domain/index.ts'
import type { Connector } from '../connector.ts'

const nothing = z.object({})

/**
 * What any caller says that has the token of a trusted build system: the token proves which system it is, and the system answers
 * for what it says. Nobody can be asked about it.
 */
export const customConnector: Connector<object, object> = {
  kind: 'custom',
  settings: nothing,
  build: nothing,
  baseUrl: () => null,
  verify: async ({ claimed }) => ({ ...originOfClaim(claimed), proof: 'claim', evidence: [] }),
}

/** What a build node says that an authentication proxy knew by its client certificate, which is part of the origin then. */
export const authenticationProxyConnector: Connector<object, object> = {
  kind: 'authenticationProxy',
  settings: nothing,
  build: nothing,
  baseUrl: () => null,
  async verify({ claimed, node = null }) {
    const proof = 'clientCertificate'
    if (node !== null) return { ...originOfClaim(claimed, node), proof, evidence: [] }
    const unknownNode = failedCheck(
      'node',
      {
        code: 'ORIGIN_NODE_UNKNOWN',
        message:
          'No authentication proxy says which build node submitted it. Submit through the proxy, and not past it with its token.',
      },
      { node: null },
    )
    return { origin: null, proof, checks: [unknownNode], evidence: [] }
  },
}
