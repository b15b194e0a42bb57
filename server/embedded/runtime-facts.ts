import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const runtimeFactsSchema = z.object({ url: z.string(), temporalAddress: z.string() })

/** Where the parts of a running embedded service listen: ports are chosen anew at each start. */
export type RuntimeFacts = z.output<typeof runtimeFactsSchema>

const pathOf = (dataDirectory: string) => join(dataDirectory, 'running.json')

/** Says where the service of a data directory listens, to other commands on this machine. */
export async function writeRuntimeFacts(dataDirectory: string, facts: RuntimeFacts): Promise<void> {
  const temporary = `${pathOf(dataDirectory)}.${process.pid}`
  await writeFile(temporary, `${JSON.stringify(facts, undefined, 2)}\n`, { mode: 0o600 })
  await rename(temporary, pathOf(dataDirectory))
}

/** Where the service of a data directory listened when it was last started; `undefined` when it was stopped or never was. */
export async function readRuntimeFacts(dataDirectory: string): Promise<RuntimeFacts | undefined> {
  try {
    return runtimeFactsSchema.parse(JSON.parse(await readFile(pathOf(dataDirectory), 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The service is stopped in good order. */
export async function forgetRuntimeFacts(dataDirectory: string): Promise<void> {
  await rm(pathOf(dataDirectory), { force: true })
}
