import { createHash } from 'node:crypto'
import { parseProxyPublicKey, streams, type TrustedBuildSystemId, trustedBuildSystemDecider } from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { type BasedOn, handleCommand } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'
import type { TrustedBuildSystemHandled } from './trusted-build-systems.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'>

/** By which key a proxy of a trusted build system signs. */
export type ProxyKeyRegistration = BasedOn & {
  readonly trustedBuildSystemId: TrustedBuildSystemId
  /** An Ed25519 public key: PEM, or its DER in base64. */
  readonly publicKey: string
}

/** Which key of a proxy is not to be believed any more, and why. */
export type ProxyKeyRemoval = BasedOn & {
  readonly trustedBuildSystemId: TrustedBuildSystemId
  /** SHA-256 of the public key (DER), hexadecimal. */
  readonly keyId: string
  readonly reason: string | null
}

/** What became of a registration. */
export type ProxyKeyRegistered = TrustedBuildSystemHandled & { readonly keyId: string }

/**
 * Registers the key of an authentication proxy: from then on calls with the build system's token are taken only with what a
 * registered key signed about the build node.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `PROXY_KEY_MALFORMED`, `PROXY_KEY_KIND_WRONG`, `PROXY_KEY_REGISTERED`,
 *   `TRUSTED_BUILD_SYSTEM_TOO_LARGE`, `CHANGE_STALE`
 */
export async function registerProxyKey(
  dependencies: Dependencies,
  requester: Requester,
  { trustedBuildSystemId, publicKey: text, ...basedOn }: ProxyKeyRegistration,
): Promise<ProxyKeyRegistered> {
  const publicKey = parseProxyPublicKey(text)
  const keyId = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex')
  const stream = streams.trustedBuildSystem(trustedBuildSystemId)
  const command = { type: 'RegisterProxyKey', keyId, publicKey } as const
  const handled = await handleCommand(dependencies, requester, stream, trustedBuildSystemDecider, command, basedOn)
  return { trustedBuildSystemId, keyId, ...handled }
}

/**
 * Removes the key of a proxy: what it signs is refused at once. Calls past the proxy are refused still.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `PROXY_KEY_NOT_FOUND`, `CHANGE_STALE`, `TEXT_…`
 */
export async function removeProxyKey(
  dependencies: Dependencies,
  requester: Requester,
  { trustedBuildSystemId, keyId, reason, ...basedOn }: ProxyKeyRemoval,
): Promise<TrustedBuildSystemHandled> {
  const stream = streams.trustedBuildSystem(trustedBuildSystemId)
  const command = { type: 'RemoveProxyKey', keyId, reason } as const
  const handled = await handleCommand(dependencies, requester, stream, trustedBuildSystemDecider, command, basedOn)
  return { trustedBuildSystemId, ...handled }
}
