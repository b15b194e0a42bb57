import { randomUUID } from 'node:crypto'
import {
  type Actor,
  type ApiTokenScope,
  existingTrustedBuildSystem,
  isWithinNetwork,
  type PresentedToken,
  presentedToken,
  Refusal,
  streams,
  trustedBuildSystemDecider,
  usableBuildSystemToken,
  usableToken,
  userDecider,
} from '../domain/index.ts'
import { apiTokenHash, apiTokenUser, buildSystemOfToken, buildSystemTokenHash } from './api-token.ts'
import type { Caller } from './caller.ts'
import { load, loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { unknownOrganization } from './refusal-audit.ts'
import { type StatedCall, statedNode, statementWithoutToken } from './stated-node.ts'

/** What a call brings to show who sends it, as its transport read it. */
export type Credentials = {
  /** An API token, or the identity token of a job. */
  readonly apiToken?: string | undefined
  /** The id of the organization that the call is for, where it names one: an identity token does not. */
  readonly organizationId?: string | undefined
  /** Of the trusted build system that vouches for the call. */
  readonly trustedBuildSystemToken?: string | undefined
  /** What an authentication proxy says of the build node that the call is of. */
  readonly statedCall?: StatedCall | undefined
}

/**
 * Finds out who presents an API token, from the user's stream: a revoked token or a deactivated user is out at once. Where the
 * token of a trusted build system comes with it, that vouches for the call, and is held against its own stream as well; so is what
 * the build system's authentication proxy says of the build node.
 *
 * @param before whom the same call was found to be of when it began: what a proxy says counts once
 * @throws Refusal `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_REVOKED`, `TOKEN_EXPIRED`, `USER_DEACTIVATED`,
 *   `TOKEN_NETWORK_REFUSED`, `TRUSTED_BUILD_SYSTEM_TOKEN_INVALID`, `TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED`,
 *   `TRUSTED_BUILD_SYSTEM_DISABLED`; as {@link statedNode}
 */
export async function authenticate(
  dependencies: Pick<ApplicationDependencies, 'log' | 'refusals' | 'now' | 'usedStatements'>,
  { apiToken, trustedBuildSystemToken, statedCall }: Credentials,
  remoteAddress: string | undefined,
  before?: Caller,
): Promise<Caller> {
  const { log, refusals, now } = dependencies
  if (apiToken === undefined)
    throw new Refusal('TOKEN_MISSING', 'Send an API token in the header «Authorization: Bearer <token>».')
  const callId = randomUUID()
  let organizationId = unknownOrganization
  let actor: Actor = { kind: 'anonymous' }
  let subject: string | null = null
  let presented: PresentedToken | undefined
  try {
    const { state } = await load(log, streams.user(apiTokenUser(apiToken)), userDecider)
    const tokenHash = apiTokenHash(apiToken)
    if (state.status !== 'none') {
      organizationId = state.organizationId
      const found = presentedToken(state, tokenHash)
      presented = found && { userId: state.userId, tokenId: found.tokenId }
    }
    const { tokenId, scope = null } = usableToken(state, tokenHash, now())
    requireNetwork(scope, remoteAddress)
    if (state.status === 'none') throw new Refusal('TOKEN_INVALID', 'The API token is not known.')
    const { userId, kind, roles, name, email } = state
    const authentication = { method: 'apiToken', tokenId } as const
    const known = { organizationId, userId, kind, roles, scope, person: { name, email }, authentication }
    const caller: Caller = { ...known, remoteAddress, callId }
    // The token works: from here on it is the actor's own.
    actor = { kind: 'user', userId, authentication }
    presented = undefined
    if (trustedBuildSystemToken === undefined) {
      if (statedCall !== undefined) throw statementWithoutToken()
      return caller
    }
    const stream = streams.trustedBuildSystem(buildSystemOfToken(trustedBuildSystemToken))
    const { state: vouching } = await loadOwn(log, stream, trustedBuildSystemDecider, caller)
    if (vouching.status !== 'none') subject = stream
    const token = usableBuildSystemToken(vouching, buildSystemTokenHash(trustedBuildSystemToken), now())
    const system = existingTrustedBuildSystem(vouching)
    const { trustedBuildSystemId } = system
    const proof = { method: 'token', tokenId: token.tokenId } as const
    const node = await statedNode(dependencies, system, statedCall, before?.vouchedBy)
    return { ...caller, vouchedBy: { trustedBuildSystemId, proof, ...node } }
  } catch (error) {
    if (error instanceof Refusal)
      await refusals.record({
        organizationId,
        actor,
        ...(remoteAddress === undefined ? {} : { remoteAddress }),
        command: 'authenticate',
        subject,
        code: error.code,
        callId,
        ...(presented === undefined ? {} : { presented }),
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
