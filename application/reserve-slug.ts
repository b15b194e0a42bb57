import { type Decider, type DomainEvent, Refusal, type SlugState } from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

/** An entity that is about to get a slug that nothing else has. */
export type SluggedEntity<Id extends string, Created, Command extends object, Event extends DomainEvent> = {
  /** The stream of the slug. */
  readonly slugStream: string
  readonly slugDecider: Decider<SlugState<Id>, Command, Event>
  /** The command that reserves the slug for the entity. */
  readonly reserve: (id: Id) => Command
  /** An id that nothing has. */
  readonly newId: () => Id
  /** Appends the beginning of the entity. */
  readonly create: (id: Id) => Promise<Created>
  /** What `create` refuses with when the entity exists. */
  readonly existsCode: string
  /** For a slug that belongs to an entity. */
  readonly taken: () => Refusal
}

/**
 * Reserves a slug for an entity and creates the entity.
 *
 * A slug may be reserved for an entity that nobody created, because a process ended in between. Then the next who wants
 * the slug creates the entity *of that id*: of all who try, the entity's own stream lets one succeed, also of one who was
 * only slow. So no slug is ever blocked, and none has two holders.
 *
 * @returns the id of the entity, and what `create` answered
 * @throws Refusal as `slugDecider`, `create` and `taken`
 */
export async function reserveSlugAndCreate<
  Id extends string,
  Created,
  Command extends object,
  Event extends DomainEvent,
>(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  requester: Requester,
  entity: SluggedEntity<Id, Created, Command, Event>,
): Promise<{ readonly id: Id; readonly created: Created }> {
  const { slugStream, slugDecider, reserve, create, existsCode, taken } = entity
  const { state } = await loadOwn(dependencies.log, slugStream, slugDecider, requester)
  const id = state.holder ?? entity.newId()
  if (state.holder === null) await handleCommand(dependencies, requester, slugStream, slugDecider, reserve(id))
  try {
    return { id, created: await create(id) }
  } catch (error) {
    throw error instanceof Refusal && error.code === existsCode ? taken() : error
  }
}
