/**
 * Why a payload was not opened:
 *
 * - `PAYLOAD_NOT_SEALED`: it is plain, or sealed by nobody of this service.
 * - `PAYLOAD_KEY_UNKNOWN`: it names a key that is not configured.
 * - `PAYLOAD_MISPLACED`: it was changed, or sealed for another workflow or activity.
 */
export type UnopenedCode = 'PAYLOAD_NOT_SEALED' | 'PAYLOAD_KEY_UNKNOWN' | 'PAYLOAD_MISPLACED'

/**
 * What stands in the place of a payload that could not be opened. Whoever can reach Temporal can send one, so it must
 * stop nobody: an error while a workflow's task is decoded would be tried again for ever, and the workflow with it.
 */
export type Unopened = { readonly unopened: UnopenedCode }

const codes: readonly unknown[] = ['PAYLOAD_NOT_SEALED', 'PAYLOAD_KEY_UNKNOWN', 'PAYLOAD_MISPLACED']

/** Why this value is not what was sent; `undefined` for one that was opened. */
export function unopenedCode(value: unknown): UnopenedCode | undefined {
  if (typeof value !== 'object' || value === null || !('unopened' in value)) return undefined
  return codes.includes(value.unopened) ? (value.unopened as UnopenedCode) : undefined
}
