import { randomBytes, randomUUID } from 'node:crypto'
import {
  type OrganizationId,
  parseWebHookAuthorization,
  parseWebHookSecret,
  Refusal,
  type WebHookSecretId,
  webHookSecretPrefix,
} from '../domain/index.ts'
import type { WebHookPorts, WebHookSecretPlace } from './web-hook-ports.ts'

type Dependencies = { readonly webHooks: Pick<WebHookPorts, 'secrets'> }

/**
 * Keeps secrets, and then does what names them in the log. Where that is refused they are not kept; where it is not known
 * whether the log names them, they stay.
 */
export async function keeping<Result>(
  { webHooks: { secrets } }: Dependencies,
  places: readonly WebHookSecretPlace[],
  texts: readonly (string | null)[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    for (const [index, place] of places.entries()) await secrets.put(place, Buffer.from(texts[index] ?? ''))
    return await work()
  } catch (error) {
    if (error instanceof Refusal) await forget({ webHooks: { secrets } }, places)
    throw error
  }
}

/** Removes what the log does not name any more. Where the store is away it stays, sealed, and nothing reads it. */
export async function forget(
  { webHooks: { secrets } }: Dependencies,
  places: readonly WebHookSecretPlace[],
): Promise<void> {
  for (const place of places) await secrets.remove(place).catch(() => undefined)
}

/** Where what signs messages is kept. */
export function signing(organizationId: OrganizationId, id: WebHookSecretId): WebHookSecretPlace {
  return { organizationId, purpose: 'webHookSecret', id }
}

/** Where the `Authorization` value is kept, if there is one. */
export function authorizing(organizationId: OrganizationId, id: WebHookSecretId | null): readonly WebHookSecretPlace[] {
  return id === null ? [] : [{ organizationId, purpose: 'webHookAuthorization', id }]
}

/** An id for a secret that is to be kept. */
export function newSecretId(): WebHookSecretId {
  return randomUUID() as WebHookSecretId
}

/** The secret that was given, or a new one: 32 random bytes. @throws Refusal `WEB_HOOK_SECRET_MALFORMED` */
export function secretText(given: string | null): string {
  const text = given ?? `${webHookSecretPrefix}${randomBytes(32).toString('base64')}`
  parseWebHookSecret(text)
  return text
}

/** The value that was given, checked. @throws Refusal `WEB_HOOK_AUTHORIZATION_MALFORMED` */
export function authorizationText(given: string | null): string | null {
  return given === null ? null : parseWebHookAuthorization(given)
}
