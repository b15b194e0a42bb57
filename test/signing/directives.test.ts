import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { completeOrders, planWording } from '../../signing/directives.ts'
import { signatureFormats } from '../../signing/formats.ts'
import { trailerFormat } from '../support/trailer-format/format.ts'

const policy = { keyAlgorithm: 'ec-p256', timestamp: 'none' } as const

function complete(directive: string, attributes: Record<string, string | number | boolean | null>) {
  return completeOrders(trailerFormat, [{ directive, attributes }], policy)
}

describe('the formats of a release', () => {
  test('have names of their own, and directives whose attributes JSON Schema can say', () => {
    expect(new Set(signatureFormats.map(({ name }) => name)).size).toBe(signatureFormats.length)
    for (const { directives } of signatureFormats)
      for (const { attributes, untraceable } of directives) {
        const schema = z.toJSONSchema(attributes)
        expect(schema).toMatchObject({ type: 'object', additionalProperties: false })
        expect(Object.keys(schema.properties ?? {})).toEqual(expect.arrayContaining([...untraceable]))
        for (const property of Object.values(schema.properties ?? {})) expect(property).toHaveProperty('title')
      }
  })
})

describe('orders', () => {
  test('get the defaults of what they do not give', () => {
    expect(complete('trailer-sign', {})).toEqual([
      { directive: 'trailer-sign', attributes: { 'hash-algorithm': 'sha256', comment: null } },
    ])
  })

  test.each([
    ['a directive of another format', 'authenticode-sign', {}, 'they can by: trailer-sign'],
    ['an attribute that there is not', 'trailer-sign', { append: true }, 'append'],
    ['a value that is none of its attribute', 'trailer-sign', { 'hash-algorithm': 'md5' }, 'hash-algorithm'],
    ['a value of another type', 'trailer-sign', { comment: 7 }, 'comment'],
  ] as const)('are refused with %s', (_, directive, attributes, said) => {
    expect(() => complete(directive, attributes)).toThrow(
      expect.objectContaining({ code: 'DIRECTIVE_INVALID', message: expect.stringContaining(said) }),
    )
  })
})

describe('what plans name', () => {
  const directive = { directive: 'trailer-sign', attributes: { comment: null, 'hash-algorithm': 'sha256', level: 7 } }

  test('is shown by the words of its format, in its order, and what the format does not know by its name', () => {
    const wording = planWording([trailerFormat])
    expect(wording.formatTitle('trailer-test')).toBe('files with a trailer (tst)')
    expect(wording.attributes('trailer-test', directive)).toEqual([
      { name: 'hash-algorithm', title: 'hash', value: 'sha256' },
      { name: 'comment', title: 'comment', value: null },
      { name: 'level', title: 'level', value: '7' },
    ])
  })

  test('is shown by its names alone where this release does not know the format', () => {
    const wording = planWording([])
    expect(wording.formatTitle('trailer-test')).toBe('trailer-test')
    expect(wording.attributes('trailer-test', directive).map(({ title }) => title)).toEqual(
      Object.keys(directive.attributes),
    )
  })
})
