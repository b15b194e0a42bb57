import { failureCodeOf } from '../databases/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { ReadModelDatabase } from './database.ts'
import type { Checkpoint } from './project-batch.ts'
import { ReadModelError } from './read-model-error.ts'
import type { Slot } from './table-names.ts'

/** A slot's checkpoint as it is now; `undefined` when there is no such slot. */
export async function readCheckpoint(database: ReadModelDatabase, slot: Slot): Promise<Checkpoint | undefined> {
  const row = await database.reads
    .selectFrom('read_models')
    .select(['position', 'token'])
    .where('version', '=', database.version)
    .where('slot', '=', slot)
    .executeTakeFirst()
  return row && { token: row.token, position: (row.position ?? undefined) as LogPosition | undefined }
}

/**
 * The checkpoint of the tables that this release reads.
 *
 * @throws ReadModelError `READ_MODEL_NOT_READY`, `READ_MODEL_UNAVAILABLE`
 */
export async function requireReadModel(database: ReadModelDatabase): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(database, 'live').catch((error: unknown) => {
    throw asReadModelError(error)
  })
  if (checkpoint === undefined) throw notBuilt()
  return checkpoint
}

/** What a failed query means; refusals and our own errors stay what they are. */
export function asReadModelError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'Refusal' || error instanceof ReadModelError) return error
  if (isMissingTable(error)) return notBuilt()
  return new ReadModelError('READ_MODEL_UNAVAILABLE', `The read model's database failed: ${failureCodeOf(error)}.`, {
    cause: error,
  })
}

function notBuilt(): ReadModelError {
  return new ReadModelError(
    'READ_MODEL_NOT_READY',
    'The read model of this release is not built yet. A projector of this release must be running, which builds it.',
  )
}

function isMissingTable(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined
  return code === '42P01' || error.message.startsWith('no such table: ')
}
