import {
  fold,
  keyDecider,
  organizationDecider,
  Refusal,
  type SigningRequest,
  streams,
  type UsableKey,
  usableKey,
} from '../domain/index.ts'
import { readNamedStream } from '../event-log/index.ts'
import { requireApprovedChange } from './check-rule-change.ts'
import type { GroundsLog } from './grounds.ts'

/**
 * The organization's key that signs where a request's artifact comes from, as the log has it now. It must have been named as the
 * organization demanded it.
 *
 * @returns `null` where there is nothing to state, or the key of the policy's certificate states it
 * @throws Refusal `KEY_…` unless the key can sign; `RULE_CHANGE_NOT_APPROVED`
 * @throws EventLogError `EVENT_LOG_CORRUPT` when the log has no such key
 */
export async function readStatementKey(
  log: GroundsLog,
  { organizationId, origin }: SigningRequest,
): Promise<UsableKey | null> {
  if (origin?.verified == null) return null
  const { events } = await readNamedStream(log, streams.organization(organizationId))
  const changed = events.findLast(({ type }) => type === 'StatementKeyChanged')
  if (changed === undefined) return null
  await requireApprovedChange(log, organizationId, changed)
  const organization = fold(organizationDecider, events)
  if (organization.status === 'none' || organization.statementKeyId === undefined) return null
  const { statementKeyId: keyId } = organization
  const key = usableKey(fold(keyDecider, (await readNamedStream(log, streams.key(keyId))).events), 'statements')
  if (key.organizationId !== organizationId) throw new Refusal('KEY_NOT_FOUND', `There is no key ${keyId}.`)
  return key
}
