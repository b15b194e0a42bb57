import { type CertificateId, type KeyId, type SigningRequestId, type WorkChange, workChange } from '../domain/index.ts'
import {
  type EventLog,
  holdsCheckpoint,
  type LogEntry,
  type LogPosition,
  readEverything,
  startConsumer,
} from '../event-log/index.ts'

/** The index of what is unfinished as it is kept, and how far in the log it is. */
export type KeptIndex = {
  readonly checkpoint: { readonly position: LogPosition; readonly eventId: string }
  readonly requests: readonly SigningRequestId[]
  readonly keys: readonly KeyId[]
  readonly certificates: readonly CertificateId[]
  readonly everyCertificate: readonly CertificateId[]
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

/** What is unfinished, and all certificates that were ever asked for: their ends are watched. */
export type WatchedWork = Unfinished & { readonly everyCertificate: ReadonlySet<CertificateId> }

/** The index of what is unfinished, kept up to date with the log. */
export type UnfinishedIndex = {
  /** What is unfinished; waits until the index has been at the end of the log once, which takes long when it was lost. */
  readonly whenKnown: (signal: AbortSignal) => Promise<WatchedWork | undefined>
  /** Keeps it for the next start and ends. */
  readonly close: () => Promise<void>
}

/** What an index needs. */
export type IndexDependencies = {
  readonly log: Pick<EventLog, 'readAll' | 'subscribe' | 'head'>
  readonly store: IndexStore
  /** Called when the log cannot be followed, or the index not be kept, for now. */
  readonly onError: (error: unknown) => void
}

/** It is kept at most this often, in milliseconds; what came since is read again by the next start. */
const saveEveryMs = 10_000
type Building = {
  readonly requests: Set<SigningRequestId>
  readonly keys: Set<KeyId>
  readonly certificates: Set<CertificateId>
  readonly everyCertificate: Set<CertificateId>
  checkpoint: KeptIndex['checkpoint'] | undefined
}

/**
 * Follows the log in the background and keeps which requests, keys and certificates are unfinished. It begins where the kept
 * index ends, and from the beginning of the log when there is none or it is of another log. Memory grows with what is
 * unfinished and with certificates, not with the log.
 */
export function openUnfinishedIndex({ log, store, onError }: IndexDependencies): UnfinishedIndex {
  const closing = new AbortController()
  const known = Promise.withResolvers<WatchedWork>()
  let index: Building | undefined
  let savedAt = performance.now()
  let isSaved = true

  async function save(): Promise<void> {
    savedAt = performance.now()
    if (isSaved || index?.checkpoint === undefined) return
    isSaved = true
    const { checkpoint, requests, keys, certificates, everyCertificate } = index
    try {
      const unfinished = { requests: [...requests], keys: [...keys], certificates: [...certificates] }
      await store.save({ checkpoint, ...unfinished, everyCertificate: [...everyCertificate] })
    } catch (error) {
      isSaved = false
      onError(error)
    }
  }

  const consumer = startConsumer(log, {
    async begin() {
      const present = index ?? (await loadIndex(log, store))
      index = present
      return {
        after: present.checkpoint,
        async handle({ entries }) {
          add(present, entries)
          isSaved = false
          if (performance.now() - savedAt > saveEveryMs) await save()
          return 'handled'
        },
        caughtUp: () => known.resolve(present),
      }
    },
    failureOf(error) {
      onError(error)
      return { code: 'EVENT_LOG_UNAVAILABLE', message: String(error), lasts: false }
    },
  })

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
    async close() {
      closing.abort()
      await consumer.close()
      await save()
    },
  }
}

/** Finds what is unfinished now, once: from the kept index and what the log has since, without keeping anything. */
export async function findUnfinished(
  log: Pick<EventLog, 'readAll'>,
  store: Pick<IndexStore, 'load'>,
): Promise<Unfinished> {
  const index = await loadIndex(log, store)
  const { checkpoint } = index
  for await (const entries of readEverything(log, checkpoint && { after: checkpoint.position })) add(index, entries)
  return index
}

async function loadIndex(log: Pick<EventLog, 'readAll'>, store: Pick<IndexStore, 'load'>): Promise<Building> {
  const kept = await store.load()
  if (kept === undefined || !(await holdsCheckpoint(log, kept.checkpoint)))
    return { ...sets({ requests: [], keys: [], certificates: [], everyCertificate: [] }), checkpoint: undefined }
  return { ...sets(kept), checkpoint: kept.checkpoint }
}

function sets({
  requests,
  keys,
  certificates,
  everyCertificate,
}: Omit<KeptIndex, 'checkpoint'>): Omit<Building, 'checkpoint'> {
  return {
    requests: new Set(requests),
    keys: new Set(keys),
    certificates: new Set(certificates),
    everyCertificate: new Set(everyCertificate),
  }
}

const setOfKind = {
  signingRequest: 'requests',
  key: 'keys',
  certificate: 'certificates',
} as const satisfies Record<WorkChange['kind'], keyof Building>

/** What cannot be read may be the end of a request: its workflow meets the same, and waits. */
function add(index: Building, entries: readonly LogEntry[]): void {
  for (const entry of entries) {
    index.checkpoint = { position: entry.position, eventId: entry.id }
    const change = 'reason' in entry ? undefined : workChange(entry)
    if (change === undefined) continue
    if (change.kind === 'certificate') index.everyCertificate.add(change.id)
    const ofKind: Set<string> = index[setOfKind[change.kind]]
    if (change.is === 'begun') ofKind.add(change.id)
    else ofKind.delete(change.id)
  }
}
