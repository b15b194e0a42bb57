import { isSealedText } from '../domain/index.ts'

/**
 * A replayed state for people to read. What is sealed in it no replay can open, and 64 bytes of ciphertext tell nobody
 * anything: it is said whose it is instead, and whether the key was to be destroyed.
 */
export function readableState(state: unknown): unknown {
  if (typeof state !== 'object' || state === null) return state
  const { userId, erased } = state as { readonly userId?: unknown; readonly erased?: unknown }
  const shown = erased === true ? `erased user ${userId}` : `sealed, of user ${userId}`
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, isSealedText(value) ? shown : value]))
}
