import { createPublicKey, verify } from 'node:crypto'
import {
  buildNodeOf,
  canonicalJson,
  type NodeStatement,
  nodeStatementLifetimeMs,
  type ProxyKey,
  proxyKeysAfter,
  Refusal,
  readNodeStatement,
  registeredKeys,
  type TrustedBuildSystemProxyKeyRegistered,
  type TrustedBuildSystemProxyKeyRemoved,
  type Voucher,
} from '../domain/index.ts'
import type { RecordedEvent } from '../event-log/index.ts'
import { latest, wasOver } from './call-delay.ts'

/** A statement is made when a call begins. A call lasts as long as its upload; so long at the most, in milliseconds. */
const longestCall = 24 * 3_600_000

/**
 * Holds what a voucher says of the build node behind an authentication proxy against the build system's own history. A key that the
 * proxy had then must have signed just that, about that time; and where a proxy was registered, a call without such a
 * statement went past it. No process but a proxy can make one, whatever keys of the service somebody has.
 *
 * @param history of the build system, before the event
 * @returns what is wrong with it, as the end of a sentence about the build system; nothing when it holds
 */
export function faultOfNode(
  { trustedBuildSystemId, node, nodeStatement }: Pick<Voucher, 'trustedBuildSystemId' | 'node' | 'nodeStatement'>,
  event: RecordedEvent,
  history: readonly RecordedEvent[],
): string | undefined {
  if (nodeStatement === undefined) {
    const first = history.find(({ type }) => type === 'TrustedBuildSystemProxyKeyRegistered')
    return wasOver(first, event) ? 'whose proxy says nothing of the call' : undefined
  }
  const said = statementOf(nodeStatement, keysFor(event, history))
  if (typeof said === 'string') return said
  const age = Date.parse(event.metadata.occurredAt) - Date.parse(said.issuedAt)
  if (said.trustedBuildSystemId !== trustedBuildSystemId) return 'whose proxy spoke for another build system'
  if (canonicalJson(buildNodeOf(said.node)) !== canonicalJson(node)) return 'whose proxy named another build node'
  return age < -nodeStatementLifetimeMs || age > longestCall ? 'whose proxy spoke at another time' : undefined
}

/** The keys that a statement with a call may be signed by: a removed one counts until what the call caused can have been recorded. */
function keysFor(event: RecordedEvent, history: readonly RecordedEvent[]): readonly ProxyKey[] {
  let keys: readonly ProxyKey[] = []
  for (const each of history) {
    if (each.type === 'TrustedBuildSystemProxyKeyRegistered')
      keys = proxyKeysAfter(keys, each as unknown as TrustedBuildSystemProxyKeyRegistered)
    if (each.type === 'TrustedBuildSystemProxyKeyRemoved' && Date.parse(each.metadata.occurredAt) <= latest(event))
      keys = proxyKeysAfter(keys, each as unknown as TrustedBuildSystemProxyKeyRemoved)
  }
  return registeredKeys(keys)
}

function statementOf(text: string, keys: readonly ProxyKey[]): NodeStatement | string {
  try {
    return readNodeStatement(text, keys, isSignature).statement
  } catch (error) {
    if (error instanceof Refusal) return 'whose proxy had no key by which it signed that'
    throw error
  }
}

/** Whether an Ed25519 key (DER SubjectPublicKeyInfo, base64) made the signature of these bytes. */
function isSignature(publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  return verify(null, bytes, key, signature)
}

/** The id of the key that signed a statement, as its own head names it; `undefined` where none is named. */
export function keyOfStatement(nodeStatement: string | undefined): string | undefined {
  try {
    const head: unknown = JSON.parse(Buffer.from(nodeStatement?.split('.')[0] ?? '', 'base64url').toString())
    return String((head as { readonly kid?: unknown }).kid)
  } catch {
    return undefined
  }
}
