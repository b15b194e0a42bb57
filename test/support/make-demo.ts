import { randomUUID } from 'node:crypto'
import { cp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runFolderVariable } from './run-folder.ts'
import { startEmbedded } from './service-processes.ts'

/**
 * Makes the demo organization in an empty data directory: by the embedded service, whose first start does. A run of tests makes it once
 * and copies it, since keys, certificates and the first start's check of itself take seconds of processor time. Whoever tests a first
 * start begins without.
 */
export async function makeDemo(data: string): Promise<void> {
  const run = process.env[runFolderVariable]
  const kept = run && join(run, 'demo')
  if (kept && (await isCopied(kept, data))) return
  const service = await startEmbedded({ COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: '0' })
  await service.end('SIGTERM')
  if (!kept) return
  const made = `${kept}-${randomUUID()}`
  await cp(data, made, { recursive: true })
  // Another process may have been faster.
  await rename(made, kept).catch(() => rm(made, { recursive: true, force: true }))
}

async function isCopied(kept: string, data: string): Promise<boolean> {
  try {
    await cp(kept, data, { recursive: true })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
