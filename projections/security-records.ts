import type { Kysely } from 'kysely'
import {
  type Actor,
  actingUser,
  asId,
  type Instant,
  type OrganizationId,
  type PresentedToken,
  type RefusalCount,
  refusalEventTypes,
  type UnusualSubject,
  type UserId,
  unusualActivityEventTypes,
} from '../domain/index.ts'
import type { RecordedEvent } from '../event-log/index.ts'
import { asEventView } from './events.ts'
import type { Page, PageRequest } from './page.ts'
import { type ListOrder, oneOf, pageOf, rowsAround } from './read-page.ts'
import type { EventRow, SecurityRecordRow, Tables } from './tables.ts'
import type { EventView } from './views.ts'

/** Which records of one kind to list. What is left out does not restrict. */
export type SecurityRecordFilter = {
  /** The code of a refusal, or the rule by which something unusual was found. */
  readonly code?: string
  /** Who was refused, whose token was presented, or whom a finding is about. */
  readonly userId?: UserId
  /** Recorded at this moment or later. */
  readonly occurredFrom?: Instant
  /** Recorded before this moment. */
  readonly occurredBefore?: Instant
}

const newestFirst: ListOrder = { key: 'position', id: null, direction: 'desc' }

/** What an event of security is found by: a row for each code and user that it names. Other events have none. */
export function securityRecordsOf({ type, data, metadata, position }: RecordedEvent): readonly SecurityRecordRow[] {
  const kind = kindOf(type)
  if (kind === undefined) return []
  const named = kind === 'refused' ? refused({ type, data, metadata }) : found(data)
  const unique = new Map(named.map(([code, userId]) => [`${code} ${userId}`, { code, userId }]))
  return [...unique.values()].map(({ code, userId }, number) => ({
    id: `${position} ${number}`,
    organization_id: metadata.organizationId,
    kind,
    position,
    occurred_at: metadata.occurredAt,
    code,
    user_id: userId,
  }))
}

/** A page of an organization's events of one kind, newest first, each once, found by an index of what restricts it. */
export async function listSecurityRecords<Item>(
  reads: Kysely<Tables>,
  organizationId: OrganizationId,
  kind: SecurityRecordRow['kind'],
  { code, userId, occurredFrom, occurredBefore }: SecurityRecordFilter,
  page: PageRequest,
  toItem: (event: EventView) => Item,
): Promise<Page<Item>> {
  let query = reads
    .selectFrom('security_records')
    .select('position')
    .distinct()
    .where('organization_id', '=', organizationId)
    .where('kind', '=', kind)
  if (code !== undefined) query = query.where('code', 'in', oneOf([code]))
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  if (occurredFrom !== undefined) query = query.where('occurred_at', '>=', occurredFrom)
  if (occurredBefore !== undefined) query = query.where('occurred_at', '<', occurredBefore)
  const found = (await rowsAround(query, newestFirst, page).execute()) as { readonly position: string }[]
  const positions = found.map(({ position }) => position)
  const rows = await reads.selectFrom('events').selectAll().where('position', 'in', oneOf(positions)).execute()
  const byPosition = new Map<string, EventRow>(rows.map((row) => [row.position, row]))
  const inOrder = positions.flatMap((position) => byPosition.get(position) ?? [])
  return pageOf(inOrder, newestFirst, page, (row) => toItem(asEventView(row)))
}

type Named = readonly (readonly [code: string, userId: string])[]

function kindOf(type: string): SecurityRecordRow['kind'] | undefined {
  if ((refusalEventTypes as readonly string[]).includes(type)) return 'refused'
  return (unusualActivityEventTypes as readonly string[]).includes(type) ? 'unusual' : undefined
}

// The data may be of any form: somebody may have written it into the store itself.
function refused({ type, data, metadata }: Pick<RecordedEvent, 'type' | 'data' | 'metadata'>): Named {
  if (type === 'CommandRefused') return [[codeIn(data.code), whoIn(metadata.actor, data.presented)]]
  return listIn<RefusalCount>(data.kinds).map(({ code, actor, presented }) => [codeIn(code), whoIn(actor, presented)])
}

function found({ rule, userId, subjects }: RecordedEvent['data']): Named {
  if (subjects === undefined) return [[codeIn(rule), userIn(userId)]]
  return listIn<UnusualSubject>(subjects).map((subject) => [codeIn(rule), userIn(subject.userId)])
}

/** Who was refused, or whose token was presented. */
function whoIn(actor: Actor | undefined, presented: unknown): string {
  return userIn((actor == null ? null : actingUser(actor)) ?? (presented as PresentedToken | null | undefined)?.userId)
}

function codeIn(value: unknown): string {
  return typeof value === 'string' && /^\w{1,64}$/.test(value) ? value : ''
}

function userIn(value: unknown): string {
  return typeof value === 'string' ? (asId<UserId>(value) ?? '') : ''
}

function listIn<Item extends object>(value: unknown): readonly Partial<Item>[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : []
}
