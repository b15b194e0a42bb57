import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { appendDecided, EventLogError, openSqliteEventLog, readWholeStream } from '../../event-log/index.ts'
import { newEvent, newStream } from '../support/event-log/events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function counter() {
  const log = openSqliteEventLog({ path: join(temporaryFolder(), 'events.db') })
  onTestFinished(() => log.close())
  const streamId = newStream('counter')
  const read = async () => ({ streamId, ...(await readWholeStream(log, streamId)) })
  /** Counts on, by what the stream says. */
  const count = () =>
    appendDecided(log, read, ({ events }) => [newEvent({ number: Number(events.at(-1)?.data.number ?? 0) + 1 })])
  const numbers = async () => (await read()).events.map(({ data }) => data.number)
  return { log, streamId, read, count, numbers }
}

describe('a decision on a stream', () => {
  test('is appended at the revision that it rests on, and answered with it', async () => {
    const { count, numbers } = counter()
    expect(await count()).toMatchObject({ known: { revision: 'noStream' }, appended: { revision: 0 } })
    expect(await count()).toMatchObject({ known: { revision: 0 }, appended: { revision: 1 } })
    expect(await numbers()).toEqual([1, 2])
  })

  test('is made anew when others were faster: of many at once each takes its turn', async () => {
    const { count, numbers } = counter()
    await Promise.all(Array.from({ length: 25 }, count))
    expect(await numbers()).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
  })

  test('may be that nothing is to be appended, also after a round that was lost', async () => {
    const { log, read, count, numbers } = counter()
    const onlyFirst = appendDecided(log, read, ({ events }) => (events.length > 0 ? [] : [newEvent({ number: 0 })]))
    const other = count()
    const outcomes = await Promise.all([onlyFirst, other])
    expect(outcomes.filter(({ appended }) => appended === undefined).length).toBeLessThanOrEqual(1)
    expect((await numbers()).length).toBe(outcomes.filter(({ appended }) => appended !== undefined).length)
  })

  test('that a reader or decider refuses changes nothing', async () => {
    const { log, read, numbers } = counter()
    const refused = new Error('refused')
    const refuse = () => {
      throw refused
    }
    await expect(appendDecided(log, read, refuse)).rejects.toBe(refused)
    await expect(appendDecided(log, refuse, () => [newEvent()])).rejects.toBe(refused)
    expect(await numbers()).toEqual([])
  })

  test('ends when the log says that a stream moved on which reads as it was', async () => {
    const { read } = counter()
    let asked = 0
    const stubborn = {
      append: async () => {
        asked += 1
        throw new EventLogError('EVENT_LOG_WRONG_EXPECTED_REVISION', 'It has moved on.')
      },
    }
    const answer = appendDecided(stubborn, read, () => [newEvent()])
    await expect(answer).rejects.toMatchObject({ code: 'EVENT_LOG_WRONG_EXPECTED_REVISION' })
    expect(asked).toBe(2)
  })

  test('ends with every other failure of the log', async () => {
    const { read } = counter()
    const away = new EventLogError('EVENT_LOG_UNAVAILABLE', 'The log is away.')
    const answer = appendDecided({ append: () => Promise.reject(away) }, read, () => [newEvent()])
    await expect(answer).rejects.toBe(away)
  })
})
