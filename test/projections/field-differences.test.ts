import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FieldDifference, fieldDifferences } from '../../projections/field-differences.ts'

const changed = (path: string, before: unknown, after: unknown): FieldDifference => ({
  path,
  kind: 'changed',
  before,
  after,
})
const added = (path: string, after: unknown): FieldDifference => ({ path, kind: 'added', after })
const removed = (path: string, before: unknown): FieldDifference => ({ path, kind: 'removed', before })

describe('differences between two states', () => {
  it.each<[string, unknown, unknown, readonly FieldDifference[]]>([
    ['a field', { name: 'a', other: 1 }, { name: 'b', other: 1 }, [changed('name', 'a', 'b')]],
    [
      'a field below',
      { approval: { required: 1 } },
      { approval: { required: 2 } },
      [changed('approval.required', 1, 2)],
    ],
    ['a field that came', {}, { name: { first: 'a' } }, [added('name', { first: 'a' })]],
    ['a field that went', { name: 'a' }, {}, [removed('name', 'a')]],
    [
      'null in the place of something',
      { approval: { required: 1 } },
      { approval: null },
      [changed('approval', { required: 1 }, null)],
    ],
    ['another kind of value', { a: [1] }, { a: { 0: 1 } }, [changed('a', [1], { 0: 1 })]],
    [
      'members of a set',
      { members: ['a', 'b'] },
      { members: ['b', 'c'] },
      [removed('members', 'a'), added('members', 'c')],
    ],
    ['one of two that are the same', { members: ['a', 'a'] }, { members: ['a'] }, [removed('members', 'a')]],
    ['the order alone', { kept: ['a', 'b'] }, { kept: ['b', 'a'] }, [changed('kept', ['a', 'b'], ['b', 'a'])]],
    ['the order of members of an object', { a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 }, []],
    [
      'references without ids',
      { by: [{ user: 'a' }, { group: 'g' }] },
      { by: [{ group: 'g' }] },
      [removed('by', { user: 'a' })],
    ],
    [
      'an element with an id',
      { tokens: [{ tokenId: 't1', revoked: false }] },
      {
        tokens: [
          { tokenId: 't2', revoked: false },
          { tokenId: 't1', revoked: true },
        ],
      },
      [changed('tokens[t1].revoked', false, true), added('tokens[t2]', { tokenId: 't2', revoked: false })],
    ],
    [
      'elements of which two have the same id',
      { tokens: [{ tokenId: 't1', name: 'a' }] },
      {
        tokens: [
          { tokenId: 't1', name: 'a' },
          { tokenId: 't1', name: 'b' },
        ],
      },
      [added('tokens', { tokenId: 't1', name: 'b' })],
    ],
    [
      'a member named as the prototype',
      JSON.parse('{"__proto__":1}'),
      JSON.parse('{"__proto__":2}'),
      [changed('__proto__', 1, 2)],
    ],
  ])('name %s', (_what, before, after, expected) => {
    expect(fieldDifferences(before, after)).toEqual(expected)
  })

  it('are none between a value and itself, and some between any two others', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(fieldDifferences(a, structuredClone(a)).length === 0).toBe(true)
        const same = canonical(a) === canonical(b)
        expect(fieldDifferences(a, b).length === 0).toBe(same)
      }),
    )
  })
})

/** The same text for values that are the same: the order of members does not matter, and null stands for nothing. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(
          Object.entries(part)
            .filter(([, each]) => each !== null)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : part,
  )
}
