import type { AppendSignature, AppendWitness, ConcealedWitness } from '../domain/index.ts'
import { isTold } from './append-message.ts'
import { asSignature, parseWitness, witnessOf } from './append-signature.ts'
import { beginCheck, concludeCheck, groupAppends, type LogFault } from './check-appends.ts'
import { rememberingRootOf } from './digest-tree.ts'
import { type EventLog, EventLogError, type RecordedEvent, type UnreadableEvent } from './event-log.ts'
import { UnparsedEvent } from './joined-row.ts'
import { isReadable, type LogEntry } from './log-entries.ts'
import type { KeyRing } from './process-keys.ts'
import { recentMap } from './recent-map.ts'
import { runningChecks } from './running-checks.ts'
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

/** An audit of appends that is given every entry of a log in its order. */
export type AppendsAudit = {
  readonly take: (entry: LogEntry) => void
  /** Waits while too much is being checked; `undefined` when nobody need wait. */
  readonly room: () => Promise<void> | undefined
  /** Waits for what is being checked, and answers what was found in all that was taken. */
  readonly result: () => Promise<AppendAudit>
}

/** Where an append ends, and the how manieth it is. */
type AppendPlace = Pick<RecordedEvent, 'streamId' | 'revision' | 'position'> & { readonly number: number }

/** So many appends wait for their check at the most: enough for every thread, and little memory. */
const maximumChecks = 1_024
/** Half of how many of the newest appends are kept, for those that name them. Older ones are looked up in the log. */
const recentAppends = 4_096
const maximumFaults = 1_000

/**
 * Begins an audit of a log: every signature, the revisions of every stream without gaps, and that every append is there,
 * before its witness, which a later append of the same process names. So also that the end of a stream was removed is
 * found, unless the process appended nothing after it. What cannot be read is named.
 *
 * @param log where single events are looked up, as it was written, without upcasters
 * @param only audit this stream alone. The whole log is to be taken for it nevertheless: its witnesses stand in other streams
 * @param options.mayConceal whether witnesses may be concealed, as they are in the export of one organization
 * @param options.unparsed whether what is taken has data that nobody parsed yet: of what is wrong is then asked whether it can be read
 */
export function startAppendsAudit(
  log: Pick<EventLog, 'readStream'>,
  keys: KeyRing,
  only?: string,
  { mayConceal = false, unparsed = false }: { readonly mayConceal?: boolean; readonly unparsed?: boolean } = {},
): AppendsAudit {
  const isWanted = (streamId: string) => only === undefined || streamId === only
  const nextRevisions = openSpillingMap<number>()
  const grouping = groupAppends(nextRevisions)
  const rootOf = rememberingRootOf()
  /** By what names them, the how manieth they are: their positions are pieces of rows, which they would keep in memory. */
  const recent = recentMap<number>(recentAppends)
  let number = 0
  const found = new Map<string, LogFault>()
  const checks = runningChecks(maximumChecks)
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

  function take(entry: LogEntry): void {
    if (!isReadable(entry)) {
      passUnreadable(entry)
      return
    }
    const { group, faults } = grouping.add(entry)
    if (faults.length > 0 && isWanted(entry.streamId)) note(faults)
    if (group === undefined) return
    const signature =
      entry instanceof UnparsedEvent ? entry.signature : asSignature(entry.metadata.signature, mayConceal)
    const { streamId, revision, id: eventId, position } = entry
    number += 1
    recent.set(witnessOf({ streamId, revision, eventId }), number)
    if (!isWanted(streamId) && !signature?.witnesses.some(isWantedWitness)) return
    appends += 1
    const check = beginCheck(group, keys, { signature, rootOf })
    const append = { streamId, revision, position, number }
    const witnesses = signature?.witnesses ?? []
    if ('isRight' in check)
      checks.afterSignature(check.isRight, (isRight) =>
        checks.add(checkedAppend(append, witnesses, concludeCheck(check, isRight))),
      )
    else if (check instanceof Promise) checks.add(check.then((faults) => checkedAppend(append, witnesses, faults)))
    else checks.add(checkedAppend(append, witnesses, check))
  }

  /** What an append is worth that was checked. Its witnesses may have to be looked up. */
  function checkedAppend(
    append: AppendPlace,
    witnesses: AppendSignature['witnesses'],
    faults: readonly LogFault[],
  ): Promise<unknown> | undefined {
    if (faults.length > 0) {
      // What a signature names is worth as much as the signature.
      if (!isWanted(append.streamId)) return undefined
      if (unparsed) return noteUnlessUnreadable(faults)
      note(faults)
      return undefined
    }
    let unseen: Promise<void>[] | undefined
    for (const witness of witnesses) {
      if (!isWantedWitness(witness)) continue
      const seen = recent.get(witness)
      if (seen !== undefined && seen < append.number) continue
      unseen ??= []
      unseen.push(checkWitness(witness, append))
    }
    return unseen && Promise.all(unseen)
  }

  /** What cannot be read is named for that. */
  async function noteUnlessUnreadable(faults: readonly LogFault[]): Promise<void> {
    for (const fault of faults) {
      const reason = await unreadableReason(fault)
      note([reason === undefined ? fault : { ...fault, kind: 'unreadable', reason }])
    }
  }

  async function unreadableReason({ streamId, revision }: LogFault): Promise<string | undefined> {
    try {
      for await (const _ of log.readStream(streamId, { fromRevision: revision, maxCount: 1 }));
      return undefined
    } catch (error) {
      if (error instanceof EventLogError && error.code === 'EVENT_LOG_CORRUPT') return error.message
      throw error
    }
  }

  function isWantedWitness(witness: AppendWitness | ConcealedWitness): witness is AppendWitness {
    if (!isTold(witness)) return false
    return only === undefined || isWanted(parseWitness(witness).streamId)
  }

  function passUnreadable(event: UnreadableEvent): void {
    grouping.pass(event)
    const { streamId, revision, id: eventId, reason } = event
    if (isWanted(streamId)) note([{ kind: 'unreadable', streamId, revision, eventId, reason }])
  }

  async function checkWitness(witness: AppendWitness, by: AppendPlace): Promise<void> {
    const { streamId, revision, eventId } = parseWitness(witness)
    const there = await lookUp(streamId, revision)
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
    take,
    room: checks.room,
    async result() {
      await checks.end().finally(nextRevisions.close)
      note(grouping.end().filter(({ streamId }) => isWanted(streamId)))
      const inOrder = (a: LogFault, b: LogFault) =>
        a.streamId === b.streamId ? a.revision - b.revision : a.streamId < b.streamId ? -1 : 1
      return { appends, faultCount, faults: [...found.values()].toSorted(inOrder) }
    },
  }
}
