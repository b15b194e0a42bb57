import {
  actingUser,
  deletionLimitMs,
  fold,
  type GlobalRole,
  isSamePerson,
  type Key,
  type KeyActor,
  type KeyDeletion,
  keyDecider,
  type OrganizationId,
  permissionRule,
  Refusal,
  streams,
  userDecider,
} from '../domain/index.ts'
import { type LogPosition, prepareEvents, type RecordedEvent, readWholeStream } from '../event-log/index.ts'
import { longestDelay } from './call-delay.ts'
import { requireApprovedAccount, requireApprovedChange } from './check-rule-change.ts'
import { collectGrounds, type GroundsLog } from './grounds.ts'
import { type KeyHistory, keyMetadata, transportKeyId } from './key-history.ts'
import { namesPeopleBehind } from './people-named.ts'
import type { SignerDependencies } from './sign.ts'

/**
 * Destroys what a key store has of a key, when two people wanted it. That they did stands in the log before, and that it is done
 * after: a process that ends in between finds nothing more to destroy when it begins anew, and says so.
 *
 * @throws Refusal `KEY_STATE` when nobody confirmed it, `KEY_DELETION_NOT_CONFIRMED` or `RULE_CHANGE_NOT_APPROVED`
 *   when the log does not bear that out
 * @throws SigningError `KEY_STORE_NOT_CONFIGURED`, `PKCS11_…`
 */
export async function destroyKey(
  { log, keyStores, now }: Pick<SignerDependencies, 'log' | 'keyStores' | 'now'>,
  { streamId, events, state, revision, last }: KeyHistory,
): Promise<{ readonly position: LogPosition }> {
  await requireTwoPeople(collectGrounds(log).log, state, events)
  const wasInStore = await removeKey(keyStores, state)
  const decided = keyDecider.decide({ type: 'RecordDestroyed', wasInStore }, state)
  const prepared = prepareEvents(streamId, revision, decided, keyMetadata(state, last, now()))
  const { position } = await log.append(streamId, prepared, revision)
  return { position }
}

/** Removes a key and its transport key from their key store; answers whether there was a private key. */
export async function removeKey(keyStores: SignerDependencies['keyStores'], key: Key): Promise<boolean> {
  const token = await keyStores.open(key.keyStore)
  const wasInStore = await token.destroyKey(Buffer.from(key.ckaId, 'hex'))
  await token.destroyKey(transportKeyId(key))
  return wasInStore
}

/**
 * Both must have done it by their own hand, be different people by all that the log says of their accounts, and have had the
 * permission then, by an account and a role that they were given as the organization demanded; the second one before the first
 * one's wish had expired.
 *
 * @throws Refusal `KEY_DELETION_NOT_CONFIRMED`, `RULE_CHANGE_NOT_APPROVED`
 */
async function requireTwoPeople(log: GroundsLog, key: Key, events: readonly RecordedEvent[]): Promise<void> {
  const { deletion } = key
  const requested = events.findLast(({ type }) => type === 'KeyDeletionRequested')
  const confirmed = events.findLast(({ type }) => type === 'KeyDeletionConfirmed')
  const isConfirmed =
    deletion !== null &&
    deletion.confirmedBy !== null &&
    !isSamePerson(deletion.requestedBy, deletion.confirmedBy) &&
    isInTime(deletion, requested, confirmed) &&
    (await isBy(log, key, deletion.requestedBy, requested)) &&
    (await isBy(log, key, deletion.confirmedBy, confirmed))
  if (!isConfirmed)
    throw new Refusal(
      'KEY_DELETION_NOT_CONFIRMED',
      `The log does not bear out that two administrators want the key ${key.name} destroyed.`,
    )
}

/**
 * Whether a deletion was confirmed while it could be. Neither what the request says of its end nor the times of the two events
 * are taken for granted: the end is at most as far away as the domain lets it be. A call that was under way at the end, or two
 * processes whose clocks differ, are no reason to leave a confirmed deletion undone.
 */
function isInTime(
  { expiresAt }: KeyDeletion,
  requested: RecordedEvent | undefined,
  confirmed: RecordedEvent | undefined,
): boolean {
  if (requested === undefined || confirmed === undefined) return false
  const [asked, done] = [requested, confirmed].map(({ metadata }) => Date.parse(metadata.occurredAt)) as [
    number,
    number,
  ]
  const end = Math.min(Date.parse(expiresAt), asked + deletionLimitMs)
  return done >= asked - longestDelay && done < end + longestDelay
}

async function isBy(
  log: GroundsLog,
  { organizationId }: Key,
  { userId, peopleBehind }: KeyActor,
  event: RecordedEvent | undefined,
): Promise<boolean> {
  if (event === undefined || actingUser(event.metadata.actor) !== userId) return false
  const { events } = await readWholeStream(log, streams.user(userId))
  const history = events.filter(({ position }) => position < event.position)
  const user = fold(userDecider, history)
  if (user.status !== 'active' || user.organizationId !== organizationId) return false
  const { roles } = permissionRule('administerCertificates')
  const own = user.roles.filter((role) => roles.includes(role))
  if (own.length === 0 || !(await namesPeopleBehind(log, userId, peopleBehind, event))) return false
  await requireApprovedAccount(log, organizationId, history, event)
  await requireApprovedRole(
    log,
    organizationId,
    own.map((role) => grantOf(history, role)),
  )
  return true
}

/** One of the roles must have been given as the organization demanded it then. @throws Refusal `RULE_CHANGE_NOT_APPROVED` */
async function requireApprovedRole(
  log: GroundsLog,
  organizationId: OrganizationId,
  [given, ...others]: readonly (RecordedEvent | undefined)[],
): Promise<void> {
  if (given === undefined) return
  try {
    await requireApprovedChange(log, organizationId, given)
  } catch (error) {
    if (others.length === 0) throw error
    await requireApprovedRole(log, organizationId, others)
  }
}

/** The event that last gave a user a role, be it by the operator of the machine. */
function grantOf(history: readonly RecordedEvent[], role: GlobalRole): RecordedEvent | undefined {
  return history.findLast(({ type, data }) =>
    type === 'AdministratorAppointed'
      ? role === 'globalAdministrator'
      : type === 'GlobalRoleGranted' && data.role === role,
  )
}
