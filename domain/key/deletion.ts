import type { Instant } from '../event.ts'
import { Refusal } from '../refusal.ts'
import { parseText } from '../text.ts'
import type { KeyActor, KeyEvent } from './events.ts'
import { type Key, type KeyDeletion, requireLasting } from './state.ts'

/** So long a deletion waits for the other person, in milliseconds: seven days. */
export const deletionLimitMs = 7 * 86_400_000

/** What can be asked of the destruction of a key. */
export type DeletionCommand =
  | {
      readonly type: 'RequestKeyDeletion'
      readonly by: KeyActor
      readonly reason: string | null
      readonly at: Instant
      /** Names of the active signing policies that use the key. */
      readonly usedBy: readonly string[]
    }
  | {
      readonly type: 'ConfirmKeyDeletion'
      readonly by: KeyActor
      /** The key's label, as whoever confirms has typed it. */
      readonly label: string
      readonly at: Instant
      readonly usedBy: readonly string[]
    }
  | { readonly type: 'WithdrawKeyDeletion'; readonly reason: string | null }

/**
 * Decides about the destruction of a key, which is for good: one person asks for it, another one confirms it by the key's label
 * within {@link deletionLimitMs}, and nothing that is in use is destroyed.
 *
 * @throws Refusal as the key's decider
 */
export function decideDeletion(command: DeletionCommand, key: Key): KeyEvent {
  const { name, status, deletion } = key
  if (status === 'destroyed') requireLasting(key)
  if (command.type === 'RequestKeyDeletion') {
    const { by, reason, at, usedBy } = command
    if (deletion !== null && (deletion.confirmedBy !== null || at < deletion.expiresAt)) requireLasting(key)
    requireUnused(name, usedBy)
    const expiresAt = new Date(Date.parse(at) + deletionLimitMs).toISOString()
    const data = { requestedBy: by, reason: parseText(reason, 'The reason'), expiresAt }
    return { type: 'KeyDeletionRequested', data: { schemaVersion: 1, ...data } }
  }
  if (deletion === null)
    throw new Refusal('KEY_DELETION_NOT_REQUESTED', `Nobody has asked for the destruction of the key ${name}.`)
  if (deletion.confirmedBy !== null) requireLasting(key)
  if (command.type === 'WithdrawKeyDeletion')
    return {
      type: 'KeyDeletionWithdrawn',
      data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') },
    }
  const { by, label, at, usedBy } = command
  requireConfirmable(key, deletion, by, at)
  if (label !== key.label)
    throw new Refusal('KEY_LABEL_MISMATCH', `The label is not that of the key ${name}. Look which key is meant.`)
  requireUnused(name, usedBy)
  return { type: 'KeyDeletionConfirmed', data: { schemaVersion: 1, confirmedBy: by } }
}

function requireConfirmable({ name }: Key, { requestedBy, expiresAt }: KeyDeletion, by: KeyActor, at: Instant): void {
  if (at >= expiresAt)
    throw new Refusal(
      'KEY_DELETION_EXPIRED',
      `The destruction of the key ${name} could be confirmed until ${expiresAt}. Ask for it again.`,
      { expiresAt },
    )
  if (isSamePerson(requestedBy, by))
    throw new Refusal(
      'KEY_DELETION_SAME_PERSON',
      `Whoever asked for the destruction of the key ${name} cannot confirm it, by whatever account.`,
    )
}

/** Whether the same person is behind both. */
export function isSamePerson(one: KeyActor, other: KeyActor): boolean {
  const people = new Set([one.userId, ...one.peopleBehind])
  return [other.userId, ...other.peopleBehind].some((person) => people.has(person))
}

function requireUnused(name: string, usedBy: readonly string[]): void {
  if (usedBy.length === 0) return
  const named = usedBy.slice(0, 10).join(', ')
  throw new Refusal(
    'KEY_IN_USE',
    `The key ${name} is used by active signing policies: ${named}. Give them other certificates, or deactivate them.`,
    { usedBy: usedBy.slice(0, 10) },
  )
}
