import type { LogPosition } from '../event-log/index.ts'
import type { ReadModelDatabase } from './database.ts'
import type { Checkpoint } from './project-batch.ts'
import type { Slot } from './schema.ts'

/** A slot's checkpoint as it is now; `undefined` when there is no such slot. */
export async function readCheckpoint(database: ReadModelDatabase, slot: Slot): Promise<Checkpoint | undefined> {
  const row = await database.reads
    .selectFrom('read_model')
    .select(['version', 'position', 'token'])
    .where('slot', '=', slot)
    .executeTakeFirst()
  return row && { ...row, position: (row.position ?? undefined) as LogPosition | undefined }
}
