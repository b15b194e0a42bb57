import { createSecretKey } from 'node:crypto'
import { mailedTokens, type Unsubscription } from '../../application/index.ts'
import type { OrganizationId, UserId } from '../../domain/index.ts'

/** Tokens of mails of services that tests start, which mail no invitations. */
export const testMailedTokens = mailedTokens([createSecretKey(Buffer.alloc(32, 7))], { mailsInvitations: false })

/** The path of a link that turns mails off for somebody. */
export function unsubscribePath(organizationId: string, userId: string, kind: Unsubscription['kind']): string {
  const of = { organizationId: organizationId as OrganizationId, userId: userId as UserId, kind }
  return `/notifications/unsubscribe/${testMailedTokens.unsubscription(of)}`
}
