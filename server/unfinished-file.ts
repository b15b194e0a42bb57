import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { IndexStore, KeptIndex } from '../application/index.ts'
import { unfinishedWorkVersion } from '../domain/index.ts'

const form = z.object({
  version: z.literal(unfinishedWorkVersion),
  checkpoint: z.object({ position: z.string().min(1), eventId: z.string().min(1) }),
  requests: z.array(z.uuid()),
  keys: z.array(z.uuid()),
  certificates: z.array(z.uuid()),
})

/**
 * Keeps the index of what is unfinished in a file, for its owner alone. It is written beside and put in its place, so
 * that there is never half of one. What is not such a file, or is one of another version, counts as none.
 */
export function unfinishedFile(path: string): IndexStore {
  return {
    async load() {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return ''
        throw error
      })
      return parsed(text)
    },

    async save(index) {
      const temporary = `${path}.${randomUUID()}`
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      try {
        const file = await open(temporary, 'wx', 0o600)
        try {
          await file.writeFile(JSON.stringify({ version: unfinishedWorkVersion, ...index }))
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined)
        throw error
      }
    },
  }
}

function parsed(text: string): KeptIndex | undefined {
  try {
    const { success, data } = form.safeParse(JSON.parse(text))
    return success ? (data as unknown as KeptIndex) : undefined
  } catch {
    return undefined
  }
}
