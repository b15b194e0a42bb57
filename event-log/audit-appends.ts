import {
  type AppendGrouping,
  asSignature,
  checkAppend,
  groupAppends,
  type LogFault,
  parseWitness,
  type SignedGroup,
  type WitnessedPlace,
} from './check-appends.ts'
import {
  type EventLog,
  EventLogError,
  type LogPosition,
  type RecordedEvent,
  type UnreadableEvent,
} from './event-log.ts'
import { watchingUnreadable } from './log-entries.ts'
import type { KeyRing } from './process-keys.ts'

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
  readonly log: Pick<EventLog, 'readAll'>
  /** Waits for what is being checked, and answers what was found in all that was read. */
  readonly result: () => Promise<AppendAudit>
}

/** So many signatures wait for their check at the most: enough for every thread, and little memory. */
const maximumChecks = 256
/** So many of the newest appends are kept by place, for those that name them. Older ones are looked up in the log. */
const recentAppends = 65_536
const maximumFaults = 1_000

/**
 * Audits a log as it is read: every signature, the revisions of every stream without gaps, and that every append is there,
 * before its witness, which a later append of the same process names. So also that the end of a stream was removed is
 * found, unless the process appended nothing after it. What cannot be read is named, where the reader goes on behind it.
 *
 * @param log as it was written, without upcasters
 * @param only audit this stream alone. The whole log is read for it nevertheless: its witnesses stand in other streams
 */
export function auditAppends(log: Pick<EventLog, 'readAll' | 'readStream'>, keys: KeyRing, only?: string): AuditedLog {
  const isWanted = (streamId: string) => only === undefined || streamId === only
  const groupings = new Map<string, AppendGrouping>()
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

  function groupingOf(streamId: string): AppendGrouping {
    const known = groupings.get(streamId)
    if (known !== undefined) return known
    const grouping = groupAppends()
    groupings.set(streamId, grouping)
    return grouping
  }

  function take(event: RecordedEvent): void {
    const { group, faults } = groupingOf(event.streamId).add(event)
    if (isWanted(event.streamId)) note(faults)
    if (group === undefined) return
    remember(event)
    const witnesses = witnessesOf(event).filter(({ streamId }) => isWanted(streamId))
    if (!isWanted(event.streamId) && witnesses.length === 0) return
    appends += 1
    const check = checkGroup(group, witnesses)
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

  function passUnreadable({ streamId, revision, id: eventId, reason }: UnreadableEvent): void {
    groupingOf(streamId).pass(revision)
    if (isWanted(streamId)) note([{ kind: 'unreadable', streamId, revision, eventId, reason }])
  }

  async function checkGroup(group: SignedGroup, witnesses: readonly WitnessedPlace[]): Promise<void> {
    const faults = await checkAppend(group, keys)
    const last = group.at(-1) as RecordedEvent
    if (isWanted(last.streamId)) note(faults)
    // What a signature names is worth as much as the signature.
    if (faults.length > 0) return
    for (const witness of witnesses) await checkWitness(witness, last)
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

  return {
    log: {
      async *readAll(options = {}) {
        const watched = watchingUnreadable(options, passUnreadable)
        for await (const events of log.readAll(watched)) {
          for (const event of events) {
            take(event)
            while (checks.size >= maximumChecks) await room.promise
          }
          yield events
        }
      },
    },
    async result() {
      await Promise.all(checks)
      if (failure !== undefined) throw failure
      for (const [streamId, grouping] of groupings) if (isWanted(streamId)) note(grouping.end())
      const inOrder = (a: LogFault, b: LogFault) =>
        a.streamId === b.streamId ? a.revision - b.revision : a.streamId < b.streamId ? -1 : 1
      return { appends, faultCount, faults: [...found.values()].toSorted(inOrder) }
    },
  }
}

function witnessesOf({ metadata }: RecordedEvent): readonly WitnessedPlace[] {
  const witnesses = asSignature(metadata.signature)?.witnesses ?? []
  return witnesses.map(parseWitness).filter((witness) => witness !== undefined)
}

function place(streamId: string, revision: number): string {
  return `${streamId}\n${revision}`
}
