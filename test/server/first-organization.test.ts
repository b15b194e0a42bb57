import { describe, expect, it } from 'vitest'
import type { EventLog, LogPosition, RecordedEvent } from '../../event-log/index.ts'
import { firstOrganizationName } from '../../server/first-organization.ts'

/** A log of so many events, none of which says anything but those at the named places; tells how many were read. */
function longLog(length: number, organizations: Readonly<Record<number, string>>) {
  let read = 0
  const log: Pick<EventLog, 'readAll'> = {
    async *readAll({ after, maxCount = length } = {}) {
      const start = after === undefined ? 0 : Number(after) + 1
      const end = Math.min(start + maxCount, length)
      read += end - start
      if (end > start) yield Array.from({ length: end - start }, (_, index) => at(start + index))
    },
  }
  function at(index: number): RecordedEvent {
    const name = organizations[index]
    const [type, data] = name === undefined ? ['CommandRefused', {}] : ['OrganizationCreated', { name }]
    return { type, data, position: String(index).padStart(16, '0') as LogPosition } as RecordedEvent
  }
  return { log, read: () => read }
}

describe('the first organization of a log', () => {
  it('is found at its beginning, however much follows', async () => {
    const { log, read } = longLog(1_000_000, { 3: 'Demo', 700000: 'Another' })
    expect(await firstOrganizationName(log)).toBe('Demo')
    expect(read()).toBeLessThanOrEqual(500)
  })

  it('is found behind what was refused before there was one', async () => {
    expect(await firstOrganizationName(longLog(2_000, { 1234: 'Late' }).log)).toBe('Late')
  })

  it('is found behind events that cannot be read, wherever a page of them ends', async () => {
    const { log } = longLog(2_000, { 1234: 'Late' })
    // Every third event is damaged, and the end of each page.
    const damaged: Pick<EventLog, 'readAll'> = {
      async *readAll(options) {
        for await (const events of log.readAll(options))
          for (const [index, event] of events.entries())
            if ((index % 3 === 0 || index === events.length - 1) && event.type !== 'OrganizationCreated')
              options?.onUnreadable?.({ ...event, reason: 'It is no JSON.' })
            else yield [event]
      },
    }
    expect(await firstOrganizationName(damaged)).toBe('Late')
  })

  it.each([0, 1, 499, 500, 501, 1_000])('is none in a log of %i events without one', async (length) => {
    expect(await firstOrganizationName(longLog(length, {}).log)).toBeUndefined()
  })
})
