import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteReadModel, rebuildReadModel } from '../../projections/index.ts'

let made: Promise<Buffer> | undefined

/**
 * Writes the read model of an empty log to a file, as a service finds it that was started before. Building the tables takes a
 * thread, and a tenth of a second of processor time: they are built once, and copied. Whoever tests the build begins without.
 */
export async function giveEmptyReadModel(path: string): Promise<void> {
  made ??= make()
  await writeFile(path, await made)
}

async function make(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-'))
  try {
    const path = join(folder, 'read-model.db')
    const database = openSqliteReadModel({ path })
    await rebuildReadModel({ log: { async *readAll() {} }, database })
    await database.close()
    return await readFile(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
