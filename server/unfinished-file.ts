import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { IndexStore, KeptIndex } from '../application/index.ts'
import { unfinishedWorkVersion } from '../domain/index.ts'
import { readIfThere, replaceFile } from './whole-file.ts'

const form = z.object({
  version: z.literal(unfinishedWorkVersion),
  checkpoint: z.object({ position: z.string().min(1), eventId: z.string().min(1) }),
  requests: z.array(z.uuid()),
  keys: z.array(z.uuid()),
  certificates: z.array(z.uuid()),
  everyCertificate: z.array(z.uuid()),
})

/**
 * Keeps the index of what is unfinished in a file, for its owner alone. It is written beside and put in its place, so
 * that there is never half of one. What is not such a file, or is one of another version, counts as none.
 */
export function unfinishedFile(path: string): IndexStore {
  return {
    async load() {
      return parsed((await readIfThere(path)) ?? '')
    },

    async save(index) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await replaceFile(path, JSON.stringify({ version: unfinishedWorkVersion, ...index }))
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
