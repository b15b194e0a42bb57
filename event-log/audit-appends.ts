import type { AppendSignature, AppendWitness, ConcealedWitness } from '../domain/index.ts'
import { isTold } from './append-message.ts'
import {
  asSignature,
  beginCheck,
  concludeCheck,
  groupAppends,
  type LogFault,
  type PendingCheck,
  parseWitness,
  witnessOf,
} from './check-appends.ts'
import { rememberingRootOf } from './digest-tree.ts'
import {
  type EventLog,
  EventLogError,
  type LogPosition,
  type RecordedEvent,
  type UnreadableEvent,
} from './event-log.ts'
import { UnparsedEvent } from './joined-row.ts'
import { isReadable, type LogEntry } from './log-entries.ts'
import type { KeyRing } from './process-keys.ts'
import { recentMap } from './recent-map.ts'
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

/** Where an append ends. */
type AppendPlace = Pick<RecordedEvent, 'streamId' | 'revision' | 'position'>

/** An append whose signature is being verified. */
type WaitingAppend = {
  readonly append: AppendPlace
  readonly witnesses: AppendSignature['witnesses']
  readonly check: PendingCheck
}

/** So many appends wait for their check at the most: enough for every thread, and little memory. */
const maximumChecks = 256
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
  const recent = recentMap<LogPosition>(recentAppends)
  /** By what they wait for: appends of one moment wait for the same. */
  const waiting = new Map<Promise<boolean>, WaitingAppend[]>()
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
    recent.set(witnessOf({ streamId: entry.streamId, revision: entry.revision, eventId: entry.id }), entry.position)
    if (!isWanted(entry.streamId) && !signature?.witnesses.some(isWantedWitness)) return
    appends += 1
    const check = beginCheck(group, keys, { signature, rootOf })
    const append = { streamId: entry.streamId, revision: entry.revision, position: entry.position }
    const witnesses = signature?.witnesses ?? []
    if ('isRight' in check) waitForSignature({ append, witnesses, check })
    else if (check instanceof Promise) wait(check.then((faults) => checkedAppend(append, witnesses, faults)))
    else wait(checkedAppend(append, witnesses, check))
  }

  function waitForSignature(append: WaitingAppend): void {
    const { isRight } = append.check
    const others = waiting.get(isRight)
    running += 1
    if (others !== undefined) {
      others.push(append)
      return
    }
    const appends = [append]
    waiting.set(isRight, appends)
    const ended = () => {
      waiting.delete(isRight)
      running -= appends.length
      checkEnded?.resolve()
      checkEnded = undefined
    }
    isRight
      .then((right) => {
        for (const { append, witnesses, check } of appends)
          wait(checkedAppend(append, witnesses, concludeCheck(check, right)))
        ended()
      })
      .catch((error: unknown) => {
        failure ??= error
        ended()
      })
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
      if (seen !== undefined && seen < append.position) continue
      unseen ??= []
      unseen.push(checkWitness(witness, seen, append))
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

  function wait(checking: Promise<unknown> | undefined): void {
    if (checking === undefined) return
    running += 1
    checking
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => {
        running -= 1
        checkEnded?.resolve()
        checkEnded = undefined
      })
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

  async function untilFewerChecks(most: number): Promise<void> {
    while (running > most) {
      checkEnded ??= Promise.withResolvers()
      await checkEnded.promise
    }
  }

  async function checkWitness(witness: AppendWitness, seen: LogPosition | undefined, by: AppendPlace): Promise<void> {
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
    take,
    room: () => (running >= maximumChecks ? untilFewerChecks(maximumChecks - 1) : undefined),
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
