import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const credentialsSchema = z.object({
  url: z.string(),
  organizationId: z.string(),
  users: z.record(z.string(), z.object({ userId: z.string(), token: z.string() })),
})

/** The demo's users and their API tokens, as they stand in `credentials.json` (mode 0600). */
export type Credentials = z.output<typeof credentialsSchema>

const fileName = 'credentials.json'

/** Where the credentials of a data directory are. */
export function credentialsPath(dataDirectory: string): string {
  return join(dataDirectory, fileName)
}

/** Reads the credentials; `undefined` when the demo has not been made. */
export async function readCredentials(dataDirectory: string): Promise<Credentials | undefined> {
  try {
    return credentialsSchema.parse(JSON.parse(await readFile(credentialsPath(dataDirectory), 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes the credentials, whole or not at all, for the owner's eyes only. */
export async function writeCredentials(dataDirectory: string, credentials: Credentials): Promise<void> {
  const temporary = `${credentialsPath(dataDirectory)}.${process.pid}`
  await writeFile(temporary, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600 })
  await rename(temporary, credentialsPath(dataDirectory))
}
