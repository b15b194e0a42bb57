import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import { openRefusalAudit, type RefusalAudit, type RefusedAttempt } from '../../application/index.ts'
import {
  type ApiTokenId,
  eventMetadata,
  type OrganizationId,
  parseStreamName,
  type SigningRequestId,
  streams,
  type UserId,
} from '../../domain/index.ts'
import {
  type EventLog,
  type LogPosition,
  openSqliteEventLog,
  prepareEvents,
  type RecordedEvent,
  readWholeStream,
} from '../../event-log/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** When the clocks of {@link audits} begin. */
export const refusalStart = Date.parse('2026-03-01T12:00:00.000Z')
/** Whose refusals {@link attempt} makes. */
export const refusedOrganization = '0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b' as OrganizationId

/**
 * Audits over one log, as several processes would have, and clocks that turn with their timers: `vi.advanceTimersByTime`
 * turns all of them, `vi.setSystemTime` sets the wall clock alone, as an operator does. Call `vi.useRealTimers` afterwards.
 */
export function audits() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: refusalStart })
  const log = noticed(openSqliteEventLog({ path: `${temporaryFolder()}/log.db` }))
  const errors: unknown[] = []
  const now = () => new Date().toISOString()
  const open = (over: Pick<EventLog, 'append' | 'readStream'> = log): RefusalAudit =>
    openRefusalAudit({ log: over as EventLog, now, onError: (error) => errors.push(error) })
  const recorded = async (organization = refusedOrganization) => {
    const days = [refusalStart, refusalStart + 86_400_000].map((day) =>
      streams.security(organization, new Date(day).toISOString()),
    )
    return (await Promise.all(days.map((day) => readWholeStream(log, day)))).flatMap(({ events }) => events)
  }
  /** Everything that stands in security streams, those of the operator included. */
  const seen: RecordedEvent[] = []
  let last: LogPosition | undefined
  const all = async () => {
    for await (const batch of log.readAll(last === undefined ? {} : { after: last })) {
      last = batch.at(-1)?.position ?? last
      seen.push(...batch.filter(({ streamId }) => parseStreamName(streamId)?.kind === 'security'))
    }
    return [...seen]
  }
  /** Makes a signing request of an organization, as far as an audit looks at one. @returns its stream */
  const request = async (organizationId: OrganizationId = refusedOrganization) => {
    const streamId = streams.signingRequest(randomUUID() as SigningRequestId)
    const initiator = { actor: { kind: 'system', component: 'test' }, callId: randomUUID() } as const
    const metadata = eventMetadata(initiator, { organizationId, occurredAt: now() })
    const event = { type: 'SigningRequestSubmitted', data: { schemaVersion: 1 } }
    await log.append(streamId, prepareEvents(streamId, 'noStream', [event], metadata), 'noStream')
    return streamId
  }
  return {
    log,
    open,
    request,
    errors,
    recorded,
    all,
    counts: async () => (await recorded()).map(({ data }) => data.count as number),
  }
}

/** What was appended to the logs of {@link audits} and is not answered yet: they work outside of the clocks that tests turn. */
const underWay = new Set<Promise<unknown>>()

/** A log whose appends {@link passUntil} waits for. */
function noticed(log: EventLog): EventLog {
  return {
    ...log,
    append(...appended) {
      const answer = log.append(...appended)
      underWay.add(answer)
      void answer.catch(() => undefined).finally(() => underWay.delete(answer))
      return answer
    },
  }
}

/** Turns the clocks on, second by second, until something holds, for two hours of theirs at the most. */
export async function passUntil(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let second = 1; second <= 7_200; second++) {
    vi.advanceTimersByTime(1_000)
    // What the timers began goes on between the seconds, as it would in reality.
    for (let turn = 0; turn < 20; turn++) {
      await Promise.allSettled(underWay)
      await setImmediate()
    }
    if (second % 5 === 0 && (await holds())) return
  }
  throw new Error(`Not within two hours: ${what}`)
}

/** An attempt by somebody of whom nothing is known, unless it is said otherwise. */
export function attempt(of: Partial<RefusedAttempt> = {}): RefusedAttempt {
  return {
    organizationId: refusedOrganization,
    actor: { kind: 'anonymous' },
    remoteAddress: '192.0.2.1',
    command: 'authenticate',
    subject: null,
    code: 'TOKEN_INVALID',
    callId: randomUUID(),
    ...of,
  }
}

/** Who made an attempt, a user by their number. */
export function byUser(number = 1): Pick<RefusedAttempt, 'actor'> {
  const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  return {
    actor: { kind: 'user', userId: id as UserId, authentication: { method: 'apiToken', tokenId: id as ApiTokenId } },
  }
}

/** The sum of counts. */
export function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Expects of everything in the security streams that no minute has more than sixty events. */
export function expectWithinLimit(events: readonly RecordedEvent[]): void {
  const moments = events.map(({ metadata }) => Date.parse(metadata.occurredAt)).sort()
  for (const [index, moment] of moments.entries())
    expect(moments.slice(index).filter((each) => each < moment + 60_000).length).toBeLessThanOrEqual(60)
}
