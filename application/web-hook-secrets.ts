import { randomBytes, randomUUID } from 'node:crypto'
import {
  type OrganizationId,
  parseWebHookAuthorization,
  parseWebHookSecret,
  type WebHookSecretId,
  webHookSecretPrefix,
} from '../domain/index.ts'
import type { KeptSecretPlace } from './kept-secrets.ts'

/** Where what signs messages is kept. */
export function signing(organizationId: OrganizationId, id: WebHookSecretId): KeptSecretPlace {
  return { organizationId, purpose: 'webHookSecret', id }
}

/** Where the `Authorization` value is kept, if there is one. */
export function authorizing(organizationId: OrganizationId, id: WebHookSecretId | null): readonly KeptSecretPlace[] {
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
