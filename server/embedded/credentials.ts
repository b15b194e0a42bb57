import { join } from 'node:path'
import { z } from 'zod'
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

/** Reads the credentials; `undefined` when the demo has not been made. */
export async function readCredentials(dataDirectory: string): Promise<Credentials | undefined> {
  const text = await readIfThere(credentialsPath(dataDirectory))
  return text === undefined ? undefined : credentialsSchema.parse(JSON.parse(text))
}

/** Writes the credentials, whole or not at all, readable by their owner only. */
export async function writeCredentials(dataDirectory: string, credentials: Credentials): Promise<void> {
  await replaceFile(credentialsPath(dataDirectory), `${JSON.stringify(credentials, undefined, 2)}\n`)
}
