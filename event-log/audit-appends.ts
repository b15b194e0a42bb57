import {
  asSignature,
  checkAppend,
  groupAppends,
  type LogFault,
  parseWitness,
  type SignedGroup,
  type WitnessedPlace,
} from './check-appends.ts'
import { type EventLog, EventLogError, type LogPosition, type RecordedEvent } from './event-log.ts'
import type { KeyRing } from './key-ring.ts'

/** What an audit of the signatures came to. */
export type AppendAudit = {
  /** Appends whose signatures were checked. */
  readonly appends: number
  /** How many faults there are. */
  readonly faultCount: number
  /** The faults, the first thousand at the most, by stream and revision. */
  readonly faults: readonly LogFault[]
}

/** A log that is audited while somebody reads it. */
export type AuditedLog = {
  /** Reads pass through; what was read is checked meanwhile. Read once, to the end. */
  readonly log: Pick<EventLog, 'readAll' | 'readStream'>
  /** Waits for what is being checked, and answers what was found in all that was read. */
  readonly result: () => Promise<AppendAudit>
}

/** So many signatures wait for their check at the most: enough for every thread, and little memory. */
const maximumChecks = 256
/** So many of the newest appends are kept by place, for those that name them. Older ones are looked up in the log. */
const recentAppends = 65_536
const maximumFaults = 1_000

/**
 * Audits a log as it is read: every signature, the revisions of every stream without gaps, and, when the whole log is read,
 * that every append is there, before its witness, which a later append of the same process names. So also that the end
 * of a stream was removed is found, unless the process appended nothing after it.
 *
 * @param log as it was written, without upcasters
 */
export function auditAppends(log: Pick<EventLog, 'readAll' | 'readStream'>, keys: KeyRing): AuditedLog {
  const groupings = new Map<string, ReturnType<typeof groupAppends>>()
  const recent = new Map<string, { readonly eventId: string; readonly position: LogPosition }>()
  const checks = new Set<Promise<void>>()
  const found = new Map<string, LogFault>()
  let room = Promise.withResolvers<void>()
  let failure: unknown
  let appends = 0
  let faultCount = 0

  function note(faults: readonly LogFault[]): void {
    for (const fault of faults) {
      const place = `${fault.streamId}\n${fault.revision}\n${fault.kind}`
      if (found.has(place)) continue
      faultCount += 1
      if (found.size < maximumFaults) found.set(place, fault)
    }
  }

  function take(event: RecordedEvent, checkWitnesses: boolean): void {
    const { streamId } = event
    let grouping = groupings.get(streamId)
    if (grouping === undefined) {
      grouping = groupAppends()
      groupings.set(streamId, grouping)
    }
    const { group, faults } = grouping.add(event)
    note(faults)
    if (group === undefined) return
    appends += 1
    if (checkWitnesses) remember(event)
    const check = checkGroup(group, checkWitnesses)
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => {
        checks.delete(check)
        room.resolve()
        room = Promise.withResolvers()
      })
    checks.add(check)
  }

  function remember({ streamId, revision, id: eventId, position }: RecordedEvent): void {
    recent.set(place(streamId, revision), { eventId, position })
    if (recent.size <= recentAppends) return
    const [oldest] = recent.keys()
    if (oldest !== undefined) recent.delete(oldest)
  }

  async function checkGroup(group: SignedGroup, checkWitnesses: boolean): Promise<void> {
    const faults = await checkAppend(group, keys)
    note(faults)
    // What a signature names is worth as much as the signature.
    if (faults.length > 0 || !checkWitnesses) return
    const last = group.at(-1) as RecordedEvent
    for (const witness of asSignature(last.metadata.signature)?.witnesses ?? []) {
      const named = parseWitness(witness)
      if (named !== undefined) await checkWitness(named, last)
    }
  }

  async function checkWitness({ streamId, revision, eventId }: WitnessedPlace, by: RecordedEvent): Promise<void> {
    const there = recent.get(place(streamId, revision)) ?? (await lookUp(streamId, revision))
    const named = `which was there before ${by.streamId}, revision ${by.revision}, was appended`
    const fault = (kind: LogFault['kind'], reason: string) => note([{ kind, streamId, revision, eventId, reason }])
    if (there === undefined) fault('removed', `The log has lost this event, ${named}.`)
    else if (there.eventId !== eventId)
      fault('removed', `Event ${there.eventId} stands in the place of this one, ${named}.`)
    else if (there.position >= by.position) fault('changed', `This event, ${named}, stands behind it now.`)
    if (there?.eventId === eventId) recent.delete(place(streamId, revision))
  }

  async function lookUp(streamId: string, revision: number) {
    try {
      for await (const [event] of log.readStream(streamId, { fromRevision: revision, maxCount: 1 }))
        if (event !== undefined) return { eventId: event.id, position: event.position }
    } catch (error) {
      // So a log says that it is not there, while later ones are.
      if (!(error instanceof EventLogError && error.code === 'EVENT_LOG_CORRUPT')) throw error
    }
    return undefined
  }

  async function* audited(
    source: AsyncIterable<readonly RecordedEvent[]>,
    checkWitnesses: boolean,
  ): AsyncGenerator<readonly RecordedEvent[]> {
    for await (const events of source) {
      for (const event of events) {
        take(event, checkWitnesses)
        while (checks.size >= maximumChecks) await room.promise
      }
      yield events
    }
  }

  return {
    log: {
      readAll: (options) => audited(log.readAll(options), options?.after === undefined),
      readStream: (streamId, options) => audited(log.readStream(streamId, options), false),
    },
    async result() {
      await Promise.all(checks)
      if (failure !== undefined) throw failure
      for (const grouping of groupings.values()) note(grouping.end())
      const inOrder = (a: LogFault, b: LogFault) =>
        a.streamId === b.streamId ? a.revision - b.revision : a.streamId < b.streamId ? -1 : 1
      return { appends, faultCount, faults: [...found.values()].toSorted(inOrder) }
    },
  }
}

function place(streamId: string, revision: number): string {
  return `${streamId}\n${revision}`
}
