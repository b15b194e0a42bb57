import type { NodeStatementKey } from '../node-statement.ts'
import { Refusal } from '../refusal.ts'
import { parseText } from '../text.ts'
import type {
  TrustedBuildSystemKind,
  TrustedBuildSystemProxyKeyRegistered,
  TrustedBuildSystemProxyKeyRemoved,
} from './events.ts'

/** A public key by which an authentication proxy signs what it says of build nodes. */
export type ProxyKey = NodeStatementKey & {
  /** Statements of a `removed` one are not believed. */
  readonly status: 'registered' | 'removed'
}

/** What can be asked about the keys of a build system's proxies. That an id is the digest of its key is for the caller to see to. */
export type ProxyKeyCommand =
  | ({ readonly type: 'RegisterProxyKey' } & NodeStatementKey)
  | { readonly type: 'RemoveProxyKey'; readonly keyId: string; readonly reason: string | null }

/** What a build system has of its authentication proxies. */
export type WithProxyKeys = {
  /** Those that were registered last at the end. */
  readonly proxyKeys: readonly ProxyKey[]
}

type Holder = WithProxyKeys & { readonly slug: string; readonly kind: TrustedBuildSystemKind }

/** So many keys can be registered at once: one for each proxy. */
const mostProxyKeys = 20

/** DER SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 §4) in base64: twelve bytes that are always the same, and 32 of the key. */
const ed25519Key = /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/

/**
 * Reads a public key: PEM, or its DER in base64, as `countersign proxy --check` prints it.
 *
 * @returns DER SubjectPublicKeyInfo, base64
 * @throws Refusal `PROXY_KEY_MALFORMED`
 */
export function parseProxyPublicKey(text: string): string {
  const key = text
    .slice(0, 1_000)
    .replace(/-----(?:BEGIN|END) PUBLIC KEY-----/g, '')
    .replace(/\s/g, '')
  if (ed25519Key.test(key)) return key
  throw new Refusal(
    'PROXY_KEY_MALFORMED',
    'The key of a proxy is an Ed25519 public key, in PEM or its DER in base64. `countersign proxy --config … --check` prints it.',
    { field: 'publicKey' },
  )
}

/**
 * Decides about keys of proxies.
 *
 * @throws Refusal `PROXY_KEY_KIND_WRONG`, `PROXY_KEY_REGISTERED`, `PROXY_KEY_NOT_FOUND`, `PROXY_KEY_MALFORMED`,
 *   `TRUSTED_BUILD_SYSTEM_TOO_LARGE`, `TEXT_…`
 */
export function decideProxyKey(
  command: ProxyKeyCommand,
  { slug, kind, proxyKeys }: Holder,
): TrustedBuildSystemProxyKeyRegistered | TrustedBuildSystemProxyKeyRemoved {
  const { keyId } = command
  const registered = registeredKeys(proxyKeys)
  const isRegistered = registered.some((each) => each.keyId === keyId)
  if (command.type === 'RemoveProxyKey') {
    if (!isRegistered)
      throw new Refusal('PROXY_KEY_NOT_FOUND', `The trusted build system ${slug} has no proxy with the key ${keyId}.`)
    const reason = parseText(command.reason, 'The reason')
    return { type: 'TrustedBuildSystemProxyKeyRemoved', data: { schemaVersion: 1, keyId, reason } }
  }
  if (kind !== 'authenticationProxy')
    throw new Refusal(
      'PROXY_KEY_KIND_WRONG',
      `The trusted build system ${slug} is of the kind ${kind}; keys of proxies belong to the kind authenticationProxy.`,
      { kind },
    )
  if (isRegistered)
    throw new Refusal(
      'PROXY_KEY_REGISTERED',
      `The key ${keyId} is registered with the trusted build system ${slug} already.`,
    )
  if (registered.length >= mostProxyKeys)
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_TOO_LARGE',
      `A trusted build system has the keys of ${mostProxyKeys} proxies at the most. Remove those that are not used any more.`,
      { limit: mostProxyKeys },
    )
  const publicKey = parseProxyPublicKey(command.publicKey)
  return { type: 'TrustedBuildSystemProxyKeyRegistered', data: { schemaVersion: 1, keyId, publicKey } }
}

/** The keys after an event about one of them. */
export function proxyKeysAfter(
  keys: readonly ProxyKey[],
  event: TrustedBuildSystemProxyKeyRegistered | TrustedBuildSystemProxyKeyRemoved,
): readonly ProxyKey[] {
  const { keyId } = event.data
  if (event.type === 'TrustedBuildSystemProxyKeyRemoved')
    return keys.map((each) => (each.keyId === keyId ? { ...each, status: 'removed' } : each))
  const { publicKey } = event.data
  return [...keys.filter((each) => each.keyId !== keyId), { keyId, publicKey, status: 'registered' }]
}

/** The keys whose statements are believed. */
export function registeredKeys(keys: readonly ProxyKey[]): readonly ProxyKey[] {
  return keys.filter(({ status }) => status === 'registered')
}

/**
 * Whether calls with the token of a build system must come by its proxy: from the first key on, also when none is left, so that
 * removing a key lets nobody in.
 */
export function demandsProxy({ proxyKeys }: WithProxyKeys): boolean {
  return proxyKeys.length > 0
}
