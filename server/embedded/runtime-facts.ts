import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readIfThere, replaceFile } from '../whole-file.ts'

const runtimeFactsSchema = z.object({ url: z.string(), temporalAddress: z.string() })

/** Where the parts of a running embedded service listen: ports are chosen anew at each start. */
export type RuntimeFacts = z.output<typeof runtimeFactsSchema>

const pathOf = (dataDirectory: string) => join(dataDirectory, 'running.json')

/** Records where the service of a data directory listens, for commands on this machine. */
export async function writeRuntimeFacts(dataDirectory: string, facts: RuntimeFacts): Promise<void> {
  await replaceFile(pathOf(dataDirectory), `${JSON.stringify(facts, undefined, 2)}\n`)
}

/**
 * Where the service of a data directory listened when it was last started; `undefined` when it was stopped or never was, or
 * when the file is damaged: the next start writes it anew.
 */
export async function readRuntimeFacts(dataDirectory: string): Promise<RuntimeFacts | undefined> {
  const text = await readIfThere(pathOf(dataDirectory))
  try {
    return text === undefined ? undefined : runtimeFactsSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Removes what {@link writeRuntimeFacts} wrote, when the service stops. */
export async function forgetRuntimeFacts(dataDirectory: string): Promise<void> {
  await rm(pathOf(dataDirectory), { force: true })
}

/** Where the embedded start keeps the key that encrypts what Temporal keeps. */
export function payloadKeyPath(dataDirectory: string): string {
  return join(dataDirectory, 'payload.key')
}
