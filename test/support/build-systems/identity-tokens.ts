import { onTestFinished } from 'vitest'
import { createIdentityTokens, createIssuerKeys, type IdentityTokens } from '../../../origin/identity-token/index.ts'
import { openOutgoing } from '../../../outgoing/index.ts'

/** Checks identity tokens of issuers on 127.0.0.1, until the test ends. */
export function localIdentityTokens(): IdentityTokens {
  const outgoing = openOutgoing({ allowHttp: true, allowedNetworks: ['127.0.0.1/32'] })
  onTestFinished(() => outgoing.close())
  return createIdentityTokens(createIssuerKeys({ outgoing, now: Date.now }))
}
