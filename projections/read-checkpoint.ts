import type { LogPosition } from '../event-log/index.ts'
import type { ReadModelDatabase } from './database.ts'
import type { Checkpoint } from './project-batch.ts'
import { ReadModelError } from './read-model-error.ts'
import { newer, type Slot } from './schema.ts'
import { readModelVersion } from './tables.ts'

/** A slot's checkpoint as it is now; `undefined` when there is no such slot. */
export async function readCheckpoint(database: ReadModelDatabase, slot: Slot): Promise<Checkpoint | undefined> {
  const row = await database.reads
    .selectFrom('read_model')
    .select(['version', 'position', 'token'])
    .where('slot', '=', slot)
    .executeTakeFirst()
  return row && { ...row, position: (row.position ?? undefined) as LogPosition | undefined }
}

/**
 * The checkpoint of the tables that are read, if this release can read them.
 *
 * @throws ReadModelError `READ_MODEL_NOT_READY`, `READ_MODEL_NEWER`, `READ_MODEL_UNAVAILABLE`
 */
export async function requireReadModel(database: ReadModelDatabase): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(database, 'live').catch((error: unknown) => {
    if (isMissingTable(error)) return undefined
    throw asReadModelError(error)
  })
  if (checkpoint === undefined || checkpoint.version < readModelVersion)
    throw new ReadModelError('READ_MODEL_NOT_READY', 'The read model is not built yet. A projector must be running.')
  if (checkpoint.version > readModelVersion) throw newer(checkpoint.version)
  return checkpoint
}

/** What a failed query means; refusals and our own errors stay what they are. */
export function asReadModelError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'Refusal' || error instanceof ReadModelError) return error
  return new ReadModelError('READ_MODEL_UNAVAILABLE', `The read model's database failed: ${error.message}`, {
    cause: error,
  })
}

function isMissingTable(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === '42P01' || (error instanceof Error && error.message.includes('no such table: read_model'))
}
