import { z } from 'zod'
import { findingOfClaim, type TrustedBuildSystemKind } from '../../domain/index.ts'
import type { Connector, ConnectorForms } from '../connector.ts'

const nothing = z.strictObject({})

/** Nothing, of links and of submissions. */
export const customForms = formsOf('custom')

/** Nothing, of links and of submissions. */
export const authenticationProxyForms = formsOf('authenticationProxy')

/**
 * What any caller says that has the token of a trusted build system: the token proves which system it is, and the system answers
 * for what it says. Nobody can be asked about it.
 */
export const customConnector = claimConnector(customForms)

/** What a build node says that an authentication proxy knew by its client certificate, which is part of the origin then. */
export const authenticationProxyConnector = claimConnector(authenticationProxyForms)

function formsOf(kind: TrustedBuildSystemKind): ConnectorForms<object, object> {
  return { kind, settings: nothing, build: nothing }
}

function claimConnector(forms: ConnectorForms<object, object>): Connector<object, object> {
  const { kind } = forms
  return {
    ...forms,
    baseUrl: () => null,
    async verify({ claimed, node = null }) {
      const finding = findingOfClaim(kind, claimed, node)
      if (finding === undefined)
        throw new Error(`A build system of the kind ${kind} is asked, and does not only claim.`)
      return { ...finding, evidence: [] }
    },
  }
}
