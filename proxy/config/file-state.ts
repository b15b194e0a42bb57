import { stat } from 'node:fs/promises'

/** What changes when a file is written or replaced, by what links lead to: which one it is, its size and its time. */
export async function fileState(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined)
  return found === undefined ? 'none' : `${found.ino}:${found.size}:${found.mtimeNs}`
}
