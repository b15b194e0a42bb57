import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import {
  type InvitationId,
  isSameDigest,
  type NotificationKind,
  notificationKinds,
  type OrganizationId,
  parseId,
  type UserId,
} from '../domain/index.ts'
import { invitationTokenOf } from './api-token.ts'
import type { NewToken } from './token-text.ts'

/** Whom a link in a mail turns mails off for: of one kind, or of all that come in one mail a day. */
export type Unsubscription = {
  readonly organizationId: OrganizationId
  readonly userId: UserId
  readonly kind: NotificationKind | 'daily'
}

/**
 * Tokens that stand in mails. They are made of what they are for with a key, and so are kept nowhere: who sends a mail makes
 * the token again.
 */
export type MailedTokens = {
  /** The token of an invitation that is mailed. */
  readonly invitation: (userId: UserId, invitationId: InvitationId) => NewToken
  /** The same again, by the hash that the log has; `undefined` when it was made with a key that is not there any more. */
  readonly findInvitation: (userId: UserId, invitationId: InvitationId, tokenHash: string) => string | undefined
  /** A text for the address of a link, which turns mails off and can do nothing else. */
  readonly unsubscription: (of: Unsubscription) => string
  /** Whom such a text is for; `undefined` when it was not made by these keys. */
  readonly readUnsubscription: (text: string) => Unsubscription | undefined
}

/** @param keys the first makes tokens, all of them know theirs again */
export function mailedTokens(keys: readonly [KeyObject, ...KeyObject[]]): MailedTokens {
  const mac = (key: KeyObject, ...parts: readonly string[]) =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest()
  const invitationBy = (key: KeyObject, userId: UserId, invitationId: InvitationId) =>
    invitationTokenOf(userId, mac(key, 'invitation', userId, invitationId))
  const unsubscriptionMac = (key: KeyObject, payload: string) => mac(key, 'unsubscription', payload)

  return {
    invitation: (userId, invitationId) => invitationBy(keys[0], userId, invitationId),
    findInvitation(userId, invitationId, tokenHash) {
      const made = keys.map((key) => invitationBy(key, userId, invitationId))
      return made.find(({ hash }) => isSameDigest(hash, tokenHash))?.text
    },
    unsubscription({ organizationId, userId, kind }) {
      const payload = `${organizationId}.${userId}.${kind}`
      return `${payload}.${unsubscriptionMac(keys[0], payload).toString('base64url')}`
    },
    readUnsubscription(text) {
      const [, payload = '', sent = ''] = /^([0-9a-zA-Z.-]{1,200})\.([0-9A-Za-z_-]{43})$/.exec(text) ?? []
      const given = Buffer.from(sent, 'base64url')
      const isOurs = keys.some((key) => {
        const expected = unsubscriptionMac(key, payload)
        return given.length === expected.length && timingSafeEqual(given, expected)
      })
      if (!isOurs) return undefined
      const [organizationId = '', userId = '', kind = ''] = payload.split('.')
      if (kind !== 'daily' && !notificationKinds.includes(kind as NotificationKind)) return undefined
      return {
        organizationId: parseId<OrganizationId>(organizationId, 'The organization'),
        userId: parseId<UserId>(userId, 'The user'),
        kind: kind as Unsubscription['kind'],
      }
    },
  }
}
