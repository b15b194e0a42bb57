import { setTimeout as pause } from 'node:timers/promises'
import { type CertificateId, type KeyId, type SigningRequestId, type WorkChange, workChange } from '../domain/index.ts'
import {
  type EventLog,
  EventLogError,
  type LogPosition,
  type RecordedEvent,
  type UnreadableEvent,
} from '../event-log/index.ts'

/** The index of what is unfinished as it is kept, and how far in the log it is. */
export type KeptIndex = {
  /** The newest event in it: what a log that was put in the place of another one does not have there. */
  readonly newest: { readonly position: LogPosition; readonly eventId: string }
  /** The event before that one; `null` when there is none. */
  readonly before: LogPosition | null
  readonly requests: readonly SigningRequestId[]
  readonly keys: readonly KeyId[]
  readonly certificates: readonly CertificateId[]
}

/** Where the index is kept between starts. It may be lost: it is made from the log again. */
export type IndexStore = {
  /** `undefined` when there is none that this release can read. */
  readonly load: () => Promise<KeptIndex | undefined>
  readonly save: (index: KeptIndex) => Promise<void>
}

/** What the log has begun and not ended. */
export type Unfinished = {
  readonly requests: ReadonlySet<SigningRequestId>
  readonly keys: ReadonlySet<KeyId>
  readonly certificates: ReadonlySet<CertificateId>
}

/** The index of what is unfinished, kept up to date with the log. */
export type UnfinishedIndex = {
  /** What is unfinished; waits until the index has been at the end of the log once, which takes long when it was lost. */
  readonly whenKnown: (signal: AbortSignal) => Promise<Unfinished | undefined>
  /** Keeps it for the next start and ends. */
  readonly close: () => Promise<void>
}

/** What an index needs. */
export type IndexDependencies = {
  readonly log: Pick<EventLog, 'readAll' | 'subscribe'>
  readonly store: IndexStore
  /** Told when the log cannot be followed, or the index not be kept, for now. */
  readonly onError: (error: unknown) => void
}

/** It is kept at most this often, in milliseconds; what came since is read again by the next start. */
const saveEveryMs = 10_000
/** Between two attempts to follow the log, in milliseconds. */
const retryMs = 2_000

type Building = {
  readonly requests: Set<SigningRequestId>
  readonly keys: Set<KeyId>
  readonly certificates: Set<CertificateId>
  newest: KeptIndex['newest'] | undefined
  before: LogPosition | null
  /** The last place in the log that was looked at, whether it could be read or not. */
  seen: LogPosition | null
}

/**
 * Follows the log in the background and keeps which requests, keys and certificates are unfinished. It begins where the kept
 * index ends, and from the beginning of the log when there is none or it is of another log. Memory grows with what is
 * unfinished, not with the log.
 */
export function openUnfinishedIndex({ log, store, onError }: IndexDependencies): UnfinishedIndex {
  const closing = new AbortController()
  const known = Promise.withResolvers<Unfinished>()
  let index: Building | undefined
  let savedAt = performance.now()
  let isSaved = true

  async function follow(): Promise<void> {
    index ??= await loadIndex(log, store)
    const { newest } = index
    const { signal } = closing
    for await (const batch of log.subscribe({ ...(newest && { after: newest.position }), signal })) {
      // What cannot be read may be the end of a request: its workflow meets the same, and waits.
      add(index, batch.events, batch.unreadable)
      if (batch.caughtUp) known.resolve(index)
      isSaved &&= batch.events.length === 0
      if (performance.now() - savedAt > saveEveryMs) await save()
    }
  }

  async function save(): Promise<void> {
    savedAt = performance.now()
    if (isSaved || index?.newest === undefined) return
    isSaved = true
    const { newest, before, requests, keys, certificates } = index
    try {
      await store.save({ newest, before, requests: [...requests], keys: [...keys], certificates: [...certificates] })
    } catch (error) {
      isSaved = false
      onError(error)
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted)
      try {
        await follow()
      } catch (error) {
        if (closing.signal.aborted) break
        onError(error)
        await pause(retryMs, undefined, { signal: closing.signal }).catch(() => undefined)
      }
    await save()
  }

  const running = run()
  return {
    whenKnown: (signal) =>
      new Promise((resolve) => {
        const ended = AbortSignal.any([signal, closing.signal])
        const leave = () => resolve(undefined)
        if (ended.aborted) return leave()
        ended.addEventListener('abort', leave, { once: true })
        void known.promise.then((unfinished) => {
          ended.removeEventListener('abort', leave)
          resolve(unfinished)
        })
      }),
    close() {
      closing.abort()
      return running
    },
  }
}

/** Finds what is unfinished now, once: from the kept index and what the log has since, without keeping anything. */
export async function findUnfinished(
  log: Pick<EventLog, 'readAll'>,
  store: Pick<IndexStore, 'load'>,
): Promise<Unfinished> {
  const index = await loadIndex(log, store)
  const unreadable: UnreadableEvent[] = []
  const onUnreadable = (event: UnreadableEvent) => void unreadable.push(event)
  for await (const events of log.readAll({ ...(index.newest && { after: index.newest.position }), onUnreadable }))
    add(index, events, unreadable.splice(0))
  return index
}

async function loadIndex(log: Pick<EventLog, 'readAll'>, store: Pick<IndexStore, 'load'>): Promise<Building> {
  const kept = await store.load()
  if (kept === undefined || !(await belongsTo(log, kept)))
    return { ...sets([], [], []), newest: undefined, before: null, seen: null }
  const { newest, before, requests, keys, certificates } = kept
  return { ...sets(requests, keys, certificates), newest, before, seen: newest.position }
}

function sets(
  requests: readonly SigningRequestId[],
  keys: readonly KeyId[],
  certificates: readonly CertificateId[],
): Pick<Building, 'requests' | 'keys' | 'certificates'> {
  return { requests: new Set(requests), keys: new Set(keys), certificates: new Set(certificates) }
}

/** Whether the log has the index's newest event where it was. */
async function belongsTo(log: Pick<EventLog, 'readAll'>, { newest, before }: KeptIndex): Promise<boolean> {
  try {
    for await (const [event] of log.readAll({ ...(before !== null && { after: before }), maxCount: 1 }))
      return event?.position === newest.position && event.id === newest.eventId
    return false
  } catch (error) {
    // A position that no log of this kind writes, or something there that is no event.
    const isOther =
      error instanceof EventLogError && ['EVENT_LOG_ARGUMENT_INVALID', 'EVENT_LOG_CORRUPT'].includes(error.code)
    if (isOther) return false
    throw error
  }
}

const setOfKind = {
  signingRequest: 'requests',
  key: 'keys',
  certificate: 'certificates',
} as const satisfies Record<WorkChange['kind'], keyof Building>

function add(index: Building, events: readonly RecordedEvent[], unreadable: readonly UnreadableEvent[]): void {
  for (const event of events) {
    const change = workChange(event)
    if (change === undefined) continue
    const ofKind: Set<string> = index[setOfKind[change.kind]]
    if (change.is === 'begun') ofKind.add(change.id)
    else ofKind.delete(change.id)
  }
  const places = [...events, ...unreadable].map(({ position }) => position)
  const last = events.at(-1)
  if (last !== undefined) {
    index.before = latest(places.filter((place) => place < last.position)) ?? index.seen
    index.newest = { position: last.position, eventId: last.id }
  }
  index.seen = latest(places) ?? index.seen
}

function latest(places: readonly LogPosition[]): LogPosition | undefined {
  return places.reduce<LogPosition | undefined>((a, b) => (a !== undefined && a > b ? a : b), undefined)
}
