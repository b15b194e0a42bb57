import { join } from 'node:path'
import { z } from 'zod'
import { ConfigurationError } from '../configuration-error.ts'
import { readIfThere, replaceFile } from '../whole-file.ts'

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

/**
 * Reads the credentials; `undefined` when the demo has not been made.
 *
 * @throws ConfigurationError `CREDENTIALS_UNREADABLE`
 */
export async function readCredentials(dataDirectory: string): Promise<Credentials | undefined> {
  const path = credentialsPath(dataDirectory)
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  try {
    return credentialsSchema.parse(JSON.parse(text))
  } catch {
    // Without its cause: it would quote the file, and the file holds tokens.
    throw new ConfigurationError(
      'CREDENTIALS_UNREADABLE',
      `${path} is not the JSON that was written there. Put it back from a backup; or remove it, and the demo is made anew.`,
    )
  }
}

/** Writes the credentials, whole or not at all, readable by their owner only. */
export async function writeCredentials(dataDirectory: string, credentials: Credentials): Promise<void> {
  await replaceFile(credentialsPath(dataDirectory), `${JSON.stringify(credentials, undefined, 2)}\n`)
}
