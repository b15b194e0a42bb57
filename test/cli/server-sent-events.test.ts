import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readServerSentEvents } from '../../cli/connection/server-sent-events.ts'

async function read(chunks: readonly Uint8Array[]) {
  const events: unknown[] = []
  const bytes = (async function* () {
    yield* chunks
  })()
  for await (const event of readServerSentEvents(bytes)) events.push(event ?? 'comment')
  return events
}

describe('a stream of server-sent events', () => {
  it('is read the same however its bytes are cut and its lines end', async () => {
    const lines = [
      ': hello',
      'event: next',
      'data: {"é":',
      'data:1}',
      'id: 7',
      '',
      'data',
      '',
      ':',
      'event: complete',
      'data:',
      '',
      'event: without data',
      '',
      '',
    ]
    const expected = [
      'comment',
      { event: 'next', data: '{"é":\n1}' },
      { event: 'message', data: '' },
      'comment',
      { event: 'complete', data: '' },
    ]
    const cut = fc.tuple(fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(140), { maxLength: 12 }))
    await fc.assert(
      fc.asyncProperty(cut, async ([end, places]) => {
        const whole = Buffer.from(lines.join(end))
        const cuts = [0, ...places.filter((place) => place < whole.length).sort((a, b) => a - b), whole.length]
        const chunks = cuts.slice(1).map((place, index) => whole.subarray(cuts[index], place))
        expect(await read(chunks)).toEqual(expected)
      }),
    )
  })

  it('does not deliver an event that was not finished', async () => {
    expect(await read([Buffer.from('event: next\ndata: {"half":')])).toEqual([])
  })

  it('has an end to what it keeps of one event', async () => {
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(1024 * 1024, 'a')
    })()
    const reading = (async () => {
      for await (const _ of readServerSentEvents(endless));
    })()
    await expect(reading).rejects.toThrow(RangeError)
  })

  it('has an end to what it keeps of one event, however many comments stand in it', async () => {
    const line = `data: ${'a'.repeat(1024 * 1024)}\n:\n`
    const endless = (async function* () {
      for (;;) yield Buffer.from(line)
    })()
    let comments = 0
    const reading = (async () => {
      for await (const _ of readServerSentEvents(endless)) if (++comments > 100) return
    })()
    await expect(reading).rejects.toThrow(RangeError)
  })
})
