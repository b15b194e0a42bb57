import { randomUUID } from 'node:crypto'
import { type ApiTokenScope, isWithinNetwork, Refusal, streams, usableToken, userDecider } from '../domain/index.ts'
import { apiTokenHash, apiTokenUser } from './api-token.ts'
import type { Caller } from './caller.ts'
import { load } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { unknownOrganization } from './refusal-audit.ts'

/** What a call brings to show who sends it, as its transport read it. */
export type Credentials = {
  readonly apiToken?: string | undefined
  /** Of the trusted build system that vouches for the call. Nothing asks for one yet, and none is looked at. */
  readonly trustedBuildSystemToken?: string | undefined
}

/**
 * Finds out who presents an API token, from the user's stream: a revoked token or a deactivated user is out at once.
 *
 * @throws Refusal `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_REVOKED`, `TOKEN_EXPIRED`, `USER_DEACTIVATED`,
 *   `TOKEN_NETWORK_REFUSED`
 */
export async function authenticate(
  { log, refusals, now }: Pick<ApplicationDependencies, 'log' | 'refusals' | 'now'>,
  { apiToken }: Credentials,
  remoteAddress: string | undefined,
): Promise<Caller> {
  if (apiToken === undefined)
    throw new Refusal('TOKEN_MISSING', 'Send an API token in the header «Authorization: Bearer <token>».')
  const callId = randomUUID()
  let organizationId = unknownOrganization
  try {
    const { state } = await load(log, streams.user(apiTokenUser(apiToken)), userDecider)
    if (state.status !== 'none') organizationId = state.organizationId
    const { tokenId, scope = null } = usableToken(state, apiTokenHash(apiToken), now())
    requireNetwork(scope, remoteAddress)
    if (state.status === 'none') throw new Refusal('TOKEN_INVALID', 'The API token is not known.')
    const { userId, kind, roles, name, email } = state
    const authentication = { method: 'apiToken', tokenId } as const
    return {
      organizationId,
      userId,
      kind,
      roles,
      scope,
      person: { name, email },
      authentication,
      remoteAddress,
      callId,
    }
  } catch (error) {
    if (error instanceof Refusal)
      await refusals.record({
        organizationId,
        actor: { kind: 'anonymous' },
        ...(remoteAddress === undefined ? {} : { remoteAddress }),
        command: 'authenticate',
        subject: null,
        code: error.code,
        callId,
      })
    throw error
  }
}

/** @throws Refusal `TOKEN_NETWORK_REFUSED` when a token is used from where it may not be, or nobody knows from where */
function requireNetwork(scope: ApiTokenScope | null, remoteAddress: string | undefined): void {
  if (!scope?.networks) return
  if (remoteAddress !== undefined && scope.networks.some((network) => isWithinNetwork(remoteAddress, network))) return
  throw new Refusal('TOKEN_NETWORK_REFUSED', 'The API token may not be used from this address.')
}
