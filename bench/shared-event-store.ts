import { createEventStoreDbLog } from '../event-log/eventstoredb.ts'
import type { EventLog } from '../event-log/index.ts'
import {
  createStore,
  type EventStoreDbStore,
  type ProposedEvent,
  startEventStoreDbStandIn,
} from '../test/support/eventstoredb-stand-in/index.ts'
import { sampleEvent } from './event-log.ts'
import { median } from './median.ts'

/** How fast our streams are followed in EventStoreDB's stand-in, from their beginning until all is read. */
export type SharedEventStoreFigures = {
  /** In a database that is ours alone. */
  readonly aloneEventsPerSecond: number
  /** Where nine of ten events are another application's. */
  readonly sharedEventsPerSecond: number
  readonly events: number
}

/** So many of ours, and nine times as many of others. */
const events = 10_000
const foreignForEach = 9
const rounds = 3

/** Measures both by turns, and takes the median of each. */
export async function measureSharedEventStore(): Promise<SharedEventStoreFigures> {
  const [alone, shared] = [filled(0), filled(foreignForEach)]
  const figures = { alone: [] as number[], shared: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    figures.alone.push(await followed(alone))
    figures.shared.push(await followed(shared))
  }
  return {
    aloneEventsPerSecond: median(figures.alone),
    sharedEventsPerSecond: median(figures.shared),
    events,
  }
}

/** A database with our events, so many foreign ones before each. */
function filled(foreign: number): EventStoreDbStore {
  const store = createStore()
  for (let event = 0; event < events; event += 1) {
    for (let other = 0; other < foreign; other += 1) store.append('order-1', -2, [proposed()])
    store.append(`countersign.signingRequest-${crypto.randomUUID()}`, -1, [proposed()])
  }
  return store
}

function proposed(): ProposedEvent {
  const { id, type, data, metadata } = sampleEvent()
  const bytes = (json: object) => Buffer.from(JSON.stringify(json))
  return { id, type, contentType: 'application/json', data: bytes(data), metadata: bytes(metadata) }
}

async function followed(store: EventStoreDbStore): Promise<number> {
  const server = await startEventStoreDbStandIn(store)
  const log: EventLog = createEventStoreDbLog({ connectionString: server.connectionString })
  try {
    const begun = performance.now()
    let seen = 0
    for await (const batch of log.subscribe({ signal: AbortSignal.timeout(300_000) })) {
      seen += batch.events.length
      if (seen === events) break
    }
    if (seen !== events) throw new Error(`Only ${seen} of ${events} events were followed.`)
    return (events * 1_000) / (performance.now() - begun)
  } finally {
    await log.close()
    await server.kill()
  }
}
