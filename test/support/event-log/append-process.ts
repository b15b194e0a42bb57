import { createInterface } from 'node:readline'
import { type EventLog, EventLogError, openSqliteEventLog } from '../../../event-log/index.ts'
import { newEvent, newEvents, newStream } from './events.ts'

/**
 * A process that writes to an SQLite event log: `node append-process.ts PATH KIND`, KIND being
 *
 * - a number: that many appends of three events, each to a stream of its own, several at a time;
 * - `forever`: the same without end, until the process is killed;
 * - `open`: one append of three events, and the log stays open;
 * - `by-line`: prints `open`, then makes one append for each line of its input, and prints its stream or the error's code;
 * - `counter:STREAM`: 25 events on one stream, each at the revision that was read before, again after each conflict.
 *
 * Prints the stream of every append that was answered, one a line.
 */
async function main(path: string, kind: string): Promise<void> {
  const log = openSqliteEventLog({ path })
  if (kind === 'open') return appendThree(log)
  if (kind === 'by-line') await appendByLine(log)
  else if (kind.startsWith('counter:')) await count(log, kind.slice('counter:'.length))
  else await appendMany(log, kind === 'forever' ? Number.POSITIVE_INFINITY : Number(kind))
  await log.close()
}

async function appendMany(log: EventLog, appends: number): Promise<void> {
  for (let done = 0; done < appends; done += 5) await Promise.all(Array.from({ length: 5 }, () => appendThree(log)))
}

async function appendThree(log: EventLog): Promise<void> {
  const stream = newStream()
  await log.append(stream, newEvents(3), 'noStream')
  process.stdout.write(`${stream}\n`)
}

async function appendByLine(log: EventLog): Promise<void> {
  process.stdout.write('open\n')
  for await (const _ of createInterface(process.stdin))
    await appendThree(log).catch(({ code }: EventLogError) => process.stdout.write(`${code}\n`))
}

async function count(log: EventLog, stream: string): Promise<void> {
  for (let done = 0; done < 25; ) {
    let last: number | 'noStream' = 'noStream'
    for await (const [event] of log.readStream(stream, { direction: 'backwards', maxCount: 1 }))
      last = event?.revision ?? last
    try {
      await log.append(stream, [newEvent({ process: process.pid })], last)
      process.stdout.write(`${stream}\n`)
      done += 1
    } catch (error) {
      if (!(error instanceof EventLogError) || error.code !== 'EVENT_LOG_WRONG_EXPECTED_REVISION') throw error
    }
  }
}

const [path, kind] = process.argv.slice(2)
if (path === undefined || kind === undefined) throw new Error('usage: append-process.ts PATH KIND')
await main(path, kind)
