import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import {
  type InvitationId,
  isSameDigest,
  type NotificationKind,
  notificationKinds,
  type OrganizationId,
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
  /** Whether invitations are mailed, and so shown to nobody. */
  readonly mailsInvitations: boolean
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
export function mailedTokens(
  keys: readonly [KeyObject, ...KeyObject[]],
  { mailsInvitations }: Pick<MailedTokens, 'mailsInvitations'>,
): MailedTokens {
  const mac = (key: KeyObject, ...parts: readonly string[]) =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest()
  const invitationBy = (key: KeyObject, userId: UserId, invitationId: InvitationId) =>
    invitationTokenOf(userId, mac(key, 'invitation', userId, invitationId))
  const unsubscriptionMac = (key: KeyObject, payload: Buffer) =>
    mac(key, 'unsubscription', payload.toString('hex')).subarray(0, lengths.mac)

  return {
    mailsInvitations,
    invitation: (userId, invitationId) => invitationBy(keys[0], userId, invitationId),
    findInvitation(userId, invitationId, tokenHash) {
      const made = keys.map((key) => invitationBy(key, userId, invitationId))
      return made.find(({ hash }) => isSameDigest(hash, tokenHash))?.text
    },
    unsubscription({ organizationId, userId, kind }) {
      const payload = Buffer.concat([bytesOf(organizationId), bytesOf(userId), Buffer.of(whats.indexOf(kind))])
      return Buffer.concat([payload, unsubscriptionMac(keys[0], payload)]).toString('base64url')
    },
    readUnsubscription(text) {
      const given = Buffer.from(text.slice(0, mostCharacters), 'base64url')
      if (given.length !== lengths.payload + lengths.mac || given.toString('base64url') !== text) return undefined
      const payload = given.subarray(0, lengths.payload)
      const sent = given.subarray(lengths.payload)
      const kind = whats[payload.readUInt8(lengths.payload - 1)]
      if (kind === undefined || !keys.some((key) => timingSafeEqual(sent, unsubscriptionMac(key, payload))))
        return undefined
      const idAt = (start: number) => uuidOf(payload.subarray(start, start + lengths.id))
      return { organizationId: idAt(0) as OrganizationId, userId: idAt(lengths.id) as UserId, kind }
    },
  }
}

/** Bytes of an id, of whom and what an unsubscription is for, and of the code that authenticates it (of HMAC-SHA-256). */
const lengths = { id: 16, payload: 33, mac: 24 }
/** More than a text has. */
const mostCharacters = 100
/** What an unsubscription may turn off, by the number that it has in texts: kinds are only ever added at the end. */
const whats: readonly Unsubscription['kind'][] = ['daily', ...notificationKinds]

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
