import type { Instant } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { breakageOf } from './broken-streams.ts'
import { type AnyEntity, addEvent, type Entity, type EntityProjection, foldEvent, requireNames } from './entity.ts'

/**
 * Folds an entity's stream up to a moment, by the code that makes rows of the read model: up to the first event that says
 * it occurred later. What stands behind that one builds on it and is left out too, whatever its own clock said. A stream
 * that cannot be folded to its end is folded up to where it breaks, as in the read model.
 *
 * @returns `undefined` when the entity did not exist yet
 * @throws ReadModelError with a `PROJECTION_` code for an event that this release does not know; EventLogError
 */
export async function entityAsOf<State extends object, Facts extends object, View>(
  log: Pick<EventLog, 'readStream'>,
  projection: EntityProjection<State, Facts, View>,
  id: string,
  at: Instant,
): Promise<Entity<State, Facts> | undefined> {
  type Folded = Entity<State, Facts> | undefined
  const quick = await foldUntil(log, projection, id, at, foldEvent)
  try {
    if (quick !== undefined) requireNames(projection, quick)
    return quick as Folded
  } catch {
    // One of the events breaks the stream by whom it names. Only who looks after each event finds out which.
    return (await foldUntil(log, projection, id, at, addEvent)) as Folded
  }
}

async function foldUntil<State extends object, Facts extends object, View>(
  log: Pick<EventLog, 'readStream'>,
  projection: EntityProjection<State, Facts, View>,
  id: string,
  at: Instant,
  add: typeof addEvent,
): Promise<AnyEntity | undefined> {
  let entity: AnyEntity | undefined
  for await (const events of log.readStream(`${projection.kind}-${id}`))
    for (const event of events) {
      let isLater = false
      const breaks = breakageOf(event, (readable) => {
        isLater = readable.metadata.occurredAt > at
        if (!isLater) entity = add(projection, id, entity, readable)
      })
      if (isLater || breaks !== undefined) return entity
    }
  return entity
}
