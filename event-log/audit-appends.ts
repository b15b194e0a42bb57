import type { AppendSignature, AppendWitness, ConcealedWitness } from '../domain/index.ts'
import { isTold } from './append-message.ts'
import {
  asSignature,
  checkAppend,
  groupAppends,
  type LogFault,
  parseWitness,
  type SignedGroup,
  witnessOf,
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
import { openSpillingMap } from './spilling-map.ts'

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
/** So many of the newest appends are kept, for those that name them. Older ones are looked up in the log. */
const recentAppends = 65_536
const maximumFaults = 1_000

/**
 * Audits a log as it is read: every signature, the revisions of every stream without gaps, and that every append is there,
 * before its witness, which a later append of the same process names. So also that the end of a stream was removed is
 * found, unless the process appended nothing after it. What cannot be read is named, where the reader goes on behind it.
 *
 * @param log as it was written, without upcasters
 * @param only audit this stream alone. The whole log is read for it nevertheless: its witnesses stand in other streams
 * @param options.mayConceal whether witnesses may be concealed, as they are in the export of one organization
 */
export function auditAppends(
  log: Pick<EventLog, 'readAll' | 'readStream'>,
  keys: KeyRing,
  only?: string,
  { mayConceal = false }: { readonly mayConceal?: boolean } = {},
): AuditedLog {
  const isWanted = (streamId: string) => only === undefined || streamId === only
  const nextRevisions = openSpillingMap<number>()
  const grouping = groupAppends(nextRevisions)
  const recent = new Map<AppendWitness, LogPosition>()
  const found = new Map<string, LogFault>()
  let running = 0
  let checkEnded: PromiseWithResolvers<void> | undefined
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

  function take(event: RecordedEvent): void {
    const { group, faults } = grouping.add(event)
    if (faults.length > 0 && isWanted(event.streamId)) note(faults)
    if (group === undefined) return
    const signature = asSignature(event.metadata.signature, mayConceal)
    remember(event)
    if (!isWanted(event.streamId) && !signature?.witnesses.some(isWantedWitness)) return
    appends += 1
    void check(group, signature)
  }

  function isWantedWitness(witness: AppendWitness | ConcealedWitness): witness is AppendWitness {
    if (!isTold(witness)) return false
    return only === undefined || isWanted(parseWitness(witness).streamId)
  }

  function remember({ streamId, revision, id: eventId, position }: RecordedEvent): void {
    recent.set(witnessOf({ streamId, revision, eventId }), position)
    if (recent.size <= recentAppends) return
    const [oldest] = recent.keys()
    if (oldest !== undefined) recent.delete(oldest)
  }

  function passUnreadable(event: UnreadableEvent): void {
    grouping.pass(event)
    const { streamId, revision, id: eventId, reason } = event
    if (isWanted(streamId)) note([{ kind: 'unreadable', streamId, revision, eventId, reason }])
  }

  async function check(group: SignedGroup, signature: AppendSignature | undefined): Promise<void> {
    running += 1
    try {
      const faults = await checkAppend(group, keys, signature)
      const last = group.at(-1) as RecordedEvent
      if (isWanted(last.streamId)) note(faults)
      // What a signature names is worth as much as the signature.
      if (faults.length > 0) return
      for (const witness of signature?.witnesses ?? []) if (isWantedWitness(witness)) await checkWitness(witness, last)
    } catch (error) {
      failure ??= error
    } finally {
      running -= 1
      checkEnded?.resolve()
      checkEnded = undefined
    }
  }

  async function untilFewerChecks(most: number): Promise<void> {
    while (running > most) {
      checkEnded ??= Promise.withResolvers()
      await checkEnded.promise
    }
  }

  async function checkWitness(witness: AppendWitness, by: RecordedEvent): Promise<void> {
    const seen = recent.get(witness)
    // Nothing else names it.
    if (seen !== undefined) recent.delete(witness)
    if (seen !== undefined && seen < by.position) return
    const { streamId, revision, eventId } = parseWitness(witness)
    const there = seen === undefined ? await lookUp(streamId, revision) : { eventId, position: seen }
    const named = `which was there before ${by.streamId}, revision ${by.revision}, was appended`
    const fault = (kind: LogFault['kind'], reason: string) => note([{ kind, streamId, revision, eventId, reason }])
    if (there === undefined) fault('removed', `The log has lost this event, ${named}.`)
    else if (there.eventId !== eventId)
      fault('removed', `Event ${there.eventId} stands in the place of this one, ${named}.`)
    else if (there.position >= by.position) fault('changed', `This event, ${named}, stands behind it now.`)
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
            if (running >= maximumChecks) await untilFewerChecks(maximumChecks - 1)
          }
          yield events
        }
      },
    },
    async result() {
      await untilFewerChecks(0)
      nextRevisions.close()
      if (failure !== undefined) throw failure
      note(grouping.end().filter(({ streamId }) => isWanted(streamId)))
      const inOrder = (a: LogFault, b: LogFault) =>
        a.streamId === b.streamId ? a.revision - b.revision : a.streamId < b.streamId ? -1 : 1
      return { appends, faultCount, faults: [...found.values()].toSorted(inOrder) }
    },
  }
}
