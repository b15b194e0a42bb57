import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sampleProgram } from '../server/embedded/sample-program.ts'
import { until } from '../test/support/until.ts'
import { withFolder } from './folder.ts'
import { median } from './median.ts'
import { milliseconds } from './pace.ts'
import { type RestService, startRestService } from './rest-service.ts'

/** A large artifact on its way up and down by REST. */
export type TransferFigures = {
  readonly gigabytes: number
  /** Each in seconds, median of several by turns. */
  readonly copySeconds: number
  readonly uploadSeconds: number
  readonly downloadSeconds: number
  /** Of the process of the API over all of them. */
  readonly apiPeakMebibytes: number
}

const chunk = 8 * 1024 * 1024
const planMs = 600_000

/**
 * Measures an upload as a form and a download against a copy of the same file that is hashed on the way and flushed to the
 * disk, as the upload is. Client and service share the machine.
 */
export async function measureTransfers({ bytes = 4_000_000_000, rounds = 2 } = {}): Promise<TransferFigures> {
  return withFolder(async (folder) => {
    const file = { path: join(folder, 'large.exe'), size: bytes }
    await makeFile(file)
    const service = await startRestService(folder)
    try {
      const [copies, uploads, downloads]: number[][] = [[], [], []]
      for (let round = 0; round < rounds; round += 1) {
        copies?.push(await milliseconds(() => copyHashing(file.path, join(folder, 'copy'))))
        let id = ''
        uploads?.push(
          await milliseconds(async () => {
            id = await service.submit(file, 'release-signing')
          }),
        )
        // The worker reads it as a whole for the plan: nothing else is to be at work.
        await until('it was looked at', async () => (await statusOf(service, id)) !== 'Submitted', planMs)
        downloads?.push(await milliseconds(() => download(service, id, bytes)))
      }
      const seconds = (times: readonly number[] = []) => median(times) / 1_000
      return {
        gigabytes: bytes / 1e9,
        copySeconds: seconds(copies),
        uploadSeconds: seconds(uploads),
        downloadSeconds: seconds(downloads),
        apiPeakMebibytes: await service.apiPeakMebibytes(),
      }
    } finally {
      await service.close()
    }
  })
}

/** A program with so much behind its sections. */
async function makeFile({ path, size }: { readonly path: string; readonly size: number }): Promise<void> {
  const handle = await open(path, 'w')
  const block = randomBytes(chunk)
  let written = (await handle.write(sampleProgram())).bytesWritten
  while (written < size) written += (await handle.write(block, 0, Math.min(chunk, size - written))).bytesWritten
  await handle.sync()
  await handle.close()
}

async function copyHashing(from: string, to: string): Promise<void> {
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(data, _encoding, done) {
      hash.update(data)
      done(null, data)
    },
  })
  await pipeline(
    createReadStream(from, { highWaterMark: 1024 * 1024 }),
    hashing,
    createWriteStream(to, { highWaterMark: 1024 * 1024, flush: true }),
  )
  hash.digest()
  await rm(to)
}

async function statusOf({ api, headers }: RestService, id: string): Promise<string> {
  const answer = await fetch(`${api}/SigningRequests/${id}/Status`, { headers })
  return ((await answer.json()) as { readonly status: string }).status
}

/** Receives everything, and keeps nothing. */
async function download({ api, headers }: RestService, id: string, bytes: number): Promise<void> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${api}/SigningRequests/${id}/UnsignedArtifact`, { headers }, resolve).once('error', reject)
  })
  let received = 0
  for await (const data of answer) received += data.length
  if (answer.statusCode !== 200 || received !== bytes)
    throw new Error(`The download was answered with ${answer.statusCode} and ${received} bytes.`)
}
