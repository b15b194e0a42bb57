/** An event as the stand-in's server keeps it. */
export type StoredEvent = {
  readonly id: string
  readonly type: string
  readonly contentType: string
  readonly data: Uint8Array
  readonly metadata: Uint8Array
  readonly streamId: string
  readonly revision: number | bigint
  /** Commit and prepare position: the same for everything that is written by gRPC. */
  readonly position: bigint
}

/** What a client proposes to write. */
export type ProposedEvent = Pick<StoredEvent, 'id' | 'type' | 'contentType' | 'data' | 'metadata'>

/** Expected revision as the protocol has it: −1 no stream, −2 any. */
export type ProtocolExpectation = number

/** The server's answer to an append. */
export type AppendOutcome =
  | { readonly kind: 'written' | 'recognised'; readonly last: StoredEvent }
  | { readonly kind: 'wrongExpectedVersion'; readonly current: number }
  | { readonly kind: 'streamDeleted' }

/** What a stream's metadata says of what is shown of it. */
export type StreamMetadata = { readonly $maxCount?: number; readonly $tb?: number; readonly $maxAge?: number }

/** What reading a stream comes to. */
export type StreamView =
  | { readonly kind: 'events'; readonly events: readonly StoredEvent[] }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'deleted' }

/** The data of a server. It outlives the servers that are started on it, as a disk does. */
export type EventStoreDbStore = {
  /** `$all`, in the order of positions, the server's own events included. */
  readonly all: readonly StoredEvent[]
  /** Every event that a stream has, hidden or not. */
  stream(streamId: string): readonly StoredEvent[]
  /** What a client sees of a stream. */
  view(streamId: string): StreamView
  append(streamId: string, expected: ProtocolExpectation, events: readonly ProposedEvent[]): AppendOutcome
  /** Calls the listener after every append; returns what stops it. */
  onAppend(listener: () => void): () => void
  /** A server starts: which ids were appended with `any` is not remembered. */
  forgetIds(): void
  /** Sets a stream's metadata, as an administrator does. */
  setMetadata(streamId: string, metadata: StreamMetadata): void
  /** Deletes a stream so that it can be begun again. */
  softDelete(streamId: string): void
  /** Deletes a stream for good. */
  tombstone(streamId: string): void
}

/** The largest signed 64-bit integer: the `$tb` of a stream that was deleted, and where a tombstone stands. */
const lastRevision = 9223372036854775807n

/**
 * An empty database. Like the real one it begins with events of the server's own, and more of them come between the
 * clients': metadata, statistics, links, and checkpoints whose type does not begin with `$` although their stream does.
 */
export function createStore(): EventStoreDbStore {
  const all: StoredEvent[] = []
  const streams = new Map<string, StoredEvent[]>()
  const writtenAt = new Map<StoredEvent, number>()
  const shown = new Map<string, StreamMetadata | 'deleted' | 'tombstone'>()
  const remembered = new Map<string, StoredEvent[]>()
  const listeners = new Set<() => void>()
  // Not from 0, and soon one hexadecimal digit longer: text of variable width would then sort wrongly.
  let nextPosition = 0xff00n
  let appends = 0

  function write(streamId: string, event: ProposedEvent): StoredEvent {
    const stream = streams.get(streamId) ?? []
    const revision = event.type === '$streamDeleted' ? lastRevision : stream.length
    const stored = { ...event, streamId, revision, position: nextPosition }
    streams.set(streamId, stream)
    stream.push(stored)
    all.push(stored)
    writtenAt.set(stored, Date.now())
    remembered.set(event.id, [...(remembered.get(event.id) ?? []), stored])
    // Positions are byte offsets in the transaction file.
    nextPosition += BigInt(100 + event.data.length + event.metadata.length)
    return stored
  }

  function writeSystemEvent(streamId: string, type: string, json = '{}'): void {
    const metadata = Buffer.from('{}')
    write(streamId, {
      id: crypto.randomUUID(),
      type,
      contentType: 'application/json',
      data: Buffer.from(json),
      metadata,
    })
  }

  function writeSystemEvents(): void {
    appends += 1
    if (appends % 2 === 0) writeSystemEvent('$stats-127.0.0.1:2113', '$statsCollected')
    if (appends % 3 === 0) writeSystemEvent('$ce-signingRequest', '$>')
    if (appends % 5 === 0) writeSystemEvent('$persistentsubscription-$all::audit-checkpoint', 'SubscriptionCheckpoint')
  }

  function view(streamId: string): StreamView {
    const stream = streams.get(streamId)
    const metadata = shown.get(streamId)
    if (metadata === 'tombstone') return { kind: 'deleted' }
    if (stream === undefined || metadata === 'deleted') return { kind: 'notFound' }
    const { $maxCount = stream.length, $tb = 0, $maxAge = Number.POSITIVE_INFINITY } = metadata ?? {}
    const oldest = Date.now() - $maxAge * 1000
    const first = Math.max($tb, stream.length - $maxCount)
    return { kind: 'events', events: stream.slice(first).filter((event) => (writtenAt.get(event) ?? 0) > oldest) }
  }

  /** The rules by which the server tells a retry from a conflict ("Idempotence" in its documentation). */
  function check(streamId: string, expected: number, events: readonly ProposedEvent[]): AppendOutcome | 'write' {
    const stream = streams.get(streamId) ?? []
    const current = stream.length - 1
    const conflict = { kind: 'wrongExpectedVersion', current } as const
    if (shown.get(streamId) === 'tombstone') return { kind: 'streamDeleted' }
    if (expected === -2) {
      const known = events.map(({ id }) => remembered.get(id)?.find((event) => event.streamId === streamId))
      if (known[0] === undefined) return 'write'
      const last = known.at(-1)
      return last !== undefined && known.every((event) => event !== undefined) ? { kind: 'recognised', last } : conflict
    }
    if (expected === current || (expected === -1 && shown.get(streamId) === 'deleted')) return 'write'
    if (expected > current) return conflict
    const followers = stream.slice(expected + 1, expected + 1 + events.length)
    const last = followers.at(-1)
    const isRetry = followers.length === events.length && followers.every(({ id }, index) => id === events[index]?.id)
    return isRetry && last !== undefined ? { kind: 'recognised', last } : conflict
  }

  function setMetadata(streamId: string, metadata: StreamMetadata): void {
    shown.set(streamId, metadata)
    writeSystemEvent(`$$${streamId}`, '$metadata', JSON.stringify(metadata))
    notify()
  }

  function notify(): void {
    for (const listener of listeners) listener()
  }

  writeSystemEvent('$users', '$User')
  writeSystemEvent('$$$stats-127.0.0.1:2113', '$metadata')

  return {
    all,
    stream: (streamId) => streams.get(streamId) ?? [],
    view,
    append(streamId, expected, events) {
      const outcome = check(streamId, expected, events)
      if (outcome !== 'write') return outcome
      // The stream begins anew where it went on.
      if (shown.get(streamId) === 'deleted') setMetadata(streamId, { $tb: streams.get(streamId)?.length ?? 0 })
      const written = events.map((event) => write(streamId, event))
      writeSystemEvents()
      notify()
      return { kind: 'written', last: written.at(-1) as StoredEvent }
    },
    onAppend(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    forgetIds: () => remembered.clear(),
    setMetadata,
    softDelete(streamId) {
      shown.set(streamId, 'deleted')
      writeSystemEvent(`$$${streamId}`, '$metadata', `{"$tb":${lastRevision}}`)
      notify()
    },
    tombstone(streamId) {
      shown.set(streamId, 'tombstone')
      writeSystemEvent(streamId, '$streamDeleted')
      notify()
    },
  }
}
