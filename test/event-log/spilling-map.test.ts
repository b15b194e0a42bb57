import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { openSpillingMap } from '../../event-log/index.ts'

function open(inMemory: number) {
  const map = openSpillingMap<{ readonly seen: readonly number[] }>(inMemory)
  onTestFinished(map.close)
  return map
}

it('answers what a map would, in the order of the first updates, however little of it is in memory', () => {
  const updates = fc.array(fc.record({ key: fc.integer({ min: 0, max: 40 }), value: fc.integer() }), { maxLength: 300 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), updates, (inMemory, all) => {
      const map = open(inMemory)
      const expected = new Map<string, { seen: number[] }>()
      for (const { key, value } of all) {
        const name = `signingRequest-${key}`
        map.update(name, (present) => ({ seen: [...(present?.seen ?? []), value] }))
        expected.set(name, { seen: [...(expected.get(name)?.seen ?? []), value] })
        const other = `signingRequest-${value % 41}`
        expect(map.get(other)).toEqual(expected.get(other))
      }
      for (const [name, value] of expected) expect(map.textOf(name)).toBe(JSON.stringify(value))
      expect([...map.entries()]).toEqual([...expected])
      expect([...map.texts()]).toEqual([...expected].map(([name, value]) => [name, JSON.stringify(value)]))
      expect(map.size()).toBe(expected.size)
      // Reading all of it has left it as it was.
      for (const [name, value] of expected) expect(map.get(name)).toEqual(value)
      map.close()
    }),
    { numRuns: 60 },
  )
})

it('keeps what was there when a change throws', () => {
  const map = open(1)
  for (const name of ['a', 'b', 'c', 'd']) map.update(name, () => ({ seen: [1] }))
  const failing = () => {
    throw new TypeError('No.')
  }
  for (const name of ['a', 'new']) expect(() => map.update(name, failing)).toThrow('No.')
  expect([...map.entries()].map(([name]) => name)).toEqual(['a', 'b', 'c', 'd'])
  expect(map.get('a')).toEqual({ seen: [1] })
})
