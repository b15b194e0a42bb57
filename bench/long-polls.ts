import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { sampleProgram } from '../server/embedded/sample-program.ts'
import { withFolder } from './folder.ts'
import { quantile } from './median.ts'
import { milliseconds } from './pace.ts'
import { type RestService, startRestService } from './rest-service.ts'

/** Status answers while many wait for requests to end, and others submit. */
export type LongPollFigures = {
  readonly clients: number
  readonly submissions: number
  /** The slowest hundredth of plain status answers of one client that is alone, in milliseconds. */
  readonly aloneP99: number
  /** The same beside all the others. */
  readonly besideP99: number
  /** Calls that were not answered with 2xx. */
  readonly errors: number
}

const waitSeconds = 30
/** How many plain status calls are made each time, one after the other. */
const calls = 400

/**
 * Measures status answers of one client alone, and again while 500 wait by `waitForFinal` and 50 submit a program each, with
 * every check and event; the submissions are spread over the time of the measurement, as builds are.
 */
export async function measureLongPolls({ clients = 500, submitters = 50 } = {}): Promise<LongPollFigures> {
  return withFolder(async (folder) => {
    const path = join(folder, 'sample.exe')
    const program = sampleProgram()
    await writeFile(path, program)
    const service = await startRestService(folder)
    try {
      const file = { path, size: program.length }
      const id = await service.submit(file, 'release-signing')
      const other = await service.submit(file, 'release-signing')
      let errors = 0
      const ask = async (of: string, query = '') => {
        const answer = await fetch(`${service.api}/SigningRequests/${of}/Status${query}`, { headers: service.headers })
        await answer.arrayBuffer()
        if (!answer.ok) errors += 1
      }
      await statusTimes(() => ask(other), calls / 4)
      const alone = await statusTimes(() => ask(other), calls)
      const ended = new AbortController()
      const waiting = Array.from({ length: clients }, async () => {
        while (!ended.signal.aborted) await ask(id, `?waitForFinal=${waitSeconds}`)
      })
      await pause(2_000)
      let measured = false
      const everyMs = 200
      const submitting = Array.from({ length: submitters }, async (_, index) => {
        await pause(index * everyMs)
        await service.submit(file, 'release-signing')
      })
      const beside: number[] = []
      const measuring = (async () => {
        while (!measured) beside.push(await milliseconds(() => ask(other)))
      })()
      await Promise.all(submitting)
      measured = true
      await measuring
      ended.abort()
      await cancel(service, id)
      await Promise.all(waiting)
      const [aloneP99, besideP99] = [quantile(alone, 0.99), quantile(beside, 0.99)]
      return { clients, submissions: submitters, aloneP99, besideP99, errors }
    } finally {
      await service.close()
    }
  })
}

async function statusTimes(ask: () => Promise<void>, count: number): Promise<readonly number[]> {
  const times: number[] = []
  for (let call = 0; call < count; call += 1) times.push(await milliseconds(ask))
  return times
}

/** Ends the request that all wait for. */
async function cancel({ api, headers }: RestService, id: string): Promise<void> {
  const answer = await fetch(`${api}/SigningRequests/${id}/Cancel`, { method: 'POST', headers })
  if (!answer.ok) throw new Error(`The request could not be canceled: ${answer.status} ${await answer.text()}`)
}
