import { Refusal } from '../domain/index.ts'

/**
 * Bytes that a client sent as base64 with padding (RFC 4648 §4).
 *
 * @param what the name of the field, for the message
 * @throws Refusal `BASE64_MALFORMED`
 */
export function base64Bytes(base64: string, what: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64))
    throw new Refusal('BASE64_MALFORMED', `${what} must be base64 (RFC 4648 §4) with padding.`)
  return Buffer.from(base64, 'base64')
}
