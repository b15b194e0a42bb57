/** An event as the stand-in's server keeps it. */
export type StoredEvent = {
  readonly id: string
  readonly type: string
  readonly contentType: string
  readonly data: Uint8Array
  readonly metadata: Uint8Array
  readonly streamId: string
  readonly revision: number
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

/** The data of a server. It outlives the servers that are started on it, as a disk does. */
export type EventStoreDbStore = {
  /** `$all`, in the order of positions, the server's own events included. */
  readonly all: readonly StoredEvent[]
  stream(streamId: string): readonly StoredEvent[]
  append(streamId: string, expected: ProtocolExpectation, events: readonly ProposedEvent[]): AppendOutcome
  /** Calls the listener after every append; returns what stops it. */
  onAppend(listener: () => void): () => void
}

/**
 * An empty database. Like the real one it begins with events of the server's own, and more of them come between the
 * clients': metadata, statistics, links, and checkpoints whose type does not begin with `$` although their stream does.
 */
export function createStore(): EventStoreDbStore {
  const all: StoredEvent[] = []
  const streams = new Map<string, StoredEvent[]>()
  const byId = new Map<string, StoredEvent[]>()
  const listeners = new Set<() => void>()
  // Not from 0, and soon one hexadecimal digit longer: text of variable width would then sort wrongly.
  let nextPosition = 0xff00n
  let appends = 0

  function write(streamId: string, event: ProposedEvent): StoredEvent {
    const stream = streams.get(streamId) ?? []
    const stored = { ...event, streamId, revision: stream.length, position: nextPosition }
    streams.set(streamId, stream)
    stream.push(stored)
    all.push(stored)
    byId.set(event.id, [...(byId.get(event.id) ?? []), stored])
    // Positions are byte offsets in the transaction file.
    nextPosition += BigInt(100 + event.data.length + event.metadata.length)
    return stored
  }

  function writeSystemEvent(streamId: string, type: string): void {
    const bytes = Buffer.from('{}')
    write(streamId, { id: crypto.randomUUID(), type, contentType: 'application/json', data: bytes, metadata: bytes })
  }

  function writeSystemEvents(): void {
    appends += 1
    if (appends % 2 === 0) writeSystemEvent('$stats-127.0.0.1:2113', '$statsCollected')
    if (appends % 3 === 0) writeSystemEvent('$ce-signingRequest', '$>')
    if (appends % 5 === 0) writeSystemEvent('$persistentsubscription-$all::audit-checkpoint', 'SubscriptionCheckpoint')
  }

  /** The rules by which the server tells a retry from a conflict ("Idempotence" in its documentation). */
  function check(streamId: string, expected: number, events: readonly ProposedEvent[]): AppendOutcome | 'write' {
    const stream = streams.get(streamId) ?? []
    const current = stream.length - 1
    const conflict = { kind: 'wrongExpectedVersion', current } as const
    if (expected === -2) {
      const known = events.map(({ id }) => byId.get(id)?.find((event) => event.streamId === streamId))
      if (known[0] === undefined) return 'write'
      const last = known.at(-1)
      return last !== undefined && known.every((event) => event !== undefined) ? { kind: 'recognised', last } : conflict
    }
    if (expected === current) return 'write'
    if (expected > current) return conflict
    const followers = stream.slice(expected + 1, expected + 1 + events.length)
    const last = followers.at(-1)
    const isRetry = followers.length === events.length && followers.every(({ id }, index) => id === events[index]?.id)
    return isRetry && last !== undefined ? { kind: 'recognised', last } : conflict
  }

  writeSystemEvent('$users', '$User')
  writeSystemEvent('$$$stats-127.0.0.1:2113', '$metadata')

  return {
    all,
    stream: (streamId) => streams.get(streamId) ?? [],
    append(streamId, expected, events) {
      const outcome = check(streamId, expected, events)
      if (outcome !== 'write') return outcome
      const written = events.map((event) => write(streamId, event))
      writeSystemEvents()
      for (const listener of listeners) listener()
      return { kind: 'written', last: written.at(-1) as StoredEvent }
    },
    onAppend(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
