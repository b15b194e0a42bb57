import { createHmac } from 'node:crypto'

/** What is signed: the very bytes that are sent. */
export type SignedMessage = {
  /** The same for every attempt, so that a receiver knows what it has already. */
  readonly id: string
  /** When it is sent, in milliseconds since 1970. */
  readonly sentAt: number
  readonly body: Uint8Array
}

/**
 * The headers by which a receiver knows who sent a message (Standard Webhooks, "Webhook Headers"): HMAC-SHA-256 over id, time
 * and body, once for each secret.
 *
 * @param secrets the bytes of the secrets, the newest first: two while one is replaced
 */
export function signatureHeaders(
  { id, sentAt, body }: SignedMessage,
  secrets: readonly Uint8Array[],
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(sentAt / 1_000))
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest('base64')}`,
  )
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
