import { open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { dataPath, type Role, type Settings } from './configuration.ts'

/** As much as a page of a database: where this does not fit, nothing does. */
const sample = Buffer.alloc(4096, 0x2e)

const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** That something cannot be written where the service keeps its things. `DISK_FULL` or `DISK_UNWRITABLE`. */
export class WriteCheckError extends Error {
  /** Stable. */
  readonly code: 'DISK_FULL' | 'DISK_UNWRITABLE'

  constructor(code: WriteCheckError['code'], message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'WriteCheckError'
    this.code = code
  }
}

/**
 * Tries a write in every folder: a small file, brought to the disk and removed again.
 *
 * @throws WriteCheckError naming the folder
 */
export async function checkWritable(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await checkFolder(folder)
}

/** The folders that a process with these roles writes to, each once. */
export function writtenFolders(settings: Settings, roles: readonly Role[]): readonly string[] {
  const { data, artifacts, eventLog, readModel, signerScratch } = settings
  const folderOf = (address: string | undefined) =>
    address === undefined ? data : address.startsWith('sqlite:') ? dirname(address.slice('sqlite:'.length)) : undefined
  const folders = [
    artifacts ?? dataPath(settings, 'artifacts'),
    folderOf(eventLog),
    roles.includes('projector') ? folderOf(readModel) : undefined,
    roles.includes('signer') ? (signerScratch ?? dataPath(settings, 'signer-scratch')) : undefined,
    // The workflows' script is kept there.
    roles.includes('worker') ? data : undefined,
  ]
  return [...new Set(folders.filter((folder) => folder !== undefined))]
}

async function checkFolder(folder: string): Promise<void> {
  const path = join(folder, `.write-check-${process.pid}`)
  try {
    const file = await open(path, 'w', 0o600)
    try {
      await file.writeFile(sample)
      await file.datasync()
    } finally {
      await file.close()
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (fullCodes.has(code ?? ''))
      throw new WriteCheckError('DISK_FULL', `There is no room left in ${folder} (${code}). Free disk space.`, error)
    throw new WriteCheckError(
      'DISK_UNWRITABLE',
      `Nothing can be written in ${folder} (${code}). Check that it is there, writable and sound.`,
      error,
    )
  } finally {
    await rm(path, { force: true }).catch(() => undefined)
  }
}
