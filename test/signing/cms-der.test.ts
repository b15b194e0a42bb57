import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DerReader, der } from '../../signing/cms/index.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const reader = (bytes: Uint8Array) => new DerReader(bytes, 'TEST_MALFORMED')
const malformed = expect.objectContaining({ name: 'SigningError', code: 'TEST_MALFORMED' })

describe('DER is written as X.690 has it', () => {
  test.each([
    ['a short length', der.octetString(new Uint8Array(127)).subarray(0, 2), '047f'],
    ['a length of one octet', der.octetString(new Uint8Array(128)).subarray(0, 3), '048180'],
    ['a length of two octets', der.octetString(new Uint8Array(256)).subarray(0, 4), '04820100'],
    ['a length of three octets', der.octetString(new Uint8Array(65536)).subarray(0, 5), '0483010000'],
    ['a positive integer with its top bit set', der.integer(128), '02020080'],
    ['zero', der.integer(0), '020100'],
    ['an integer from octets with leading zeros', der.integer(Uint8Array.of(0, 0, 1)), '020101'],
    ['an object identifier', der.objectIdentifier('1.2.840.113549.1.7.2'), '06092a864886f70d010702'],
    ['an object identifier under arc 2', der.objectIdentifier('2.999.3'), '0603883703'],
    ['a time', der.generalizedTime(new Date('2026-01-02T03:04:05.678Z')), '180f32303236303130323033303430355a'],
  ])('%s', (_what, encoded, expected) => {
    expect(Buffer.from(encoded).toString('hex')).toBe(expected)
  })

  test('a SET OF is in ascending order of its encodings', () => {
    const elements = [der.octetString(hex('02')), der.integer(300), der.integer(5), der.octetString(hex('0102'))]
    expect(Buffer.from(der.setOf(...elements)).toString('hex')).toBe(
      '310e 020105 0202012c 040102 04020102'.replaceAll(' ', ''),
    )
  })
})

describe('DER is read strictly', () => {
  test.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['an indefinite length', '3080 0000'],
    ['a length that is longer than needed', '308105 0203010203'],
    ['a length with a leading zero', '30820005 0203010203'],
    ['a length of five octets', '308500000000010203'],
    ['a length that goes on behind the end', '3004020101'],
    ['a length of 4 GiB', '3084ffffffff00'],
    ['a length that ends early', '308401'],
    ['a tag number above 30', '3f8101 00'],
    ['another tag', '310402020101'],
  ])('%s is refused', (_what, bytes) => {
    expect(() => reader(hex(bytes)).take(0x30, 'the element')).toThrow(malformed)
  })

  const readers: readonly (readonly [string, string, (bytes: DerReader) => unknown])[] = [
    ['an integer without content', '0200', (bytes) => bytes.integer('it')],
    ['an integer with a needless zero', '02020001', (bytes) => bytes.integer('it')],
    ['an integer with a needless ff', '0202ff80', (bytes) => bytes.integer('it')],
    ['a small integer that is negative', '0201ff', (bytes) => bytes.smallInteger('it')],
    ['a small integer of five octets', '02050100000000', (bytes) => bytes.smallInteger('it')],
    ['a boolean that is neither', '010101', (bytes) => bytes.boolean('it')],
    ['an object identifier without content', '0600', (bytes) => bytes.objectIdentifier('it')],
    ['an object identifier that ends in an arc', '06022a86', (bytes) => bytes.objectIdentifier('it')],
    ['an arc with leading zeros', '06032a8001', (bytes) => bytes.objectIdentifier('it')],
    ['an endless arc', `0618${'ff'.repeat(23)}7f`, (bytes) => bytes.objectIdentifier('it')],
    ['a bit string with 8 unused bits', '03020800', (bytes) => bytes.bitString('it')],
    ['a bit string whose unused bits are set', '03020401', (bytes) => bytes.bitString('it')],
    ['an empty bit string with unused bits', '030103', (bytes) => bytes.bitString('it')],
    ['a time without a zone', '170c323630313032303330343035', (bytes) => bytes.time('it')],
    ['the 30th of February', `170d${Buffer.from('260230000000Z').toString('hex')}`, (bytes) => bytes.time('it')],
    ['a fraction with a trailing zero', `1811${Buffer.from('20260102030405.0Z').toString('hex')}`, (b) => b.time('it')],
  ]
  test.each(readers)('%s is refused', (_what, bytes, read) => {
    expect(() => read(reader(hex(bytes)))).toThrow(malformed)
  })

  test('what follows where nothing may follow is refused, and so is a list that is too long', () => {
    const list = reader(hex('0500 0500 0500'))
    list.takeAny('the first')
    expect(() => list.end('the first')).toThrow(malformed)
    expect(() => reader(hex('0500 0500 0500')).rest(2, 'the list')).toThrow(malformed)
  })

  test('times of both kinds mean the same, and fractions are kept to the millisecond', () => {
    const text = (tag: string, time: string) =>
      reader(hex(`${tag}${time.length.toString(16).padStart(2, '0')}${Buffer.from(time).toString('hex')}`)).time('it')
    expect(text('17', '490102030405Z').toISOString()).toBe('2049-01-02T03:04:05.000Z')
    expect(text('17', '500102030405Z').toISOString()).toBe('1950-01-02T03:04:05.000Z')
    expect(text('18', '20490102030405.25Z').toISOString()).toBe('2049-01-02T03:04:05.250Z')
  })

  test('what is written is read again, and any bytes at all are read or refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.uint8Array({ maxLength: 300 }), (number, octets) => {
        const fields = reader(der.sequence(der.integer(number), der.octetString(octets))).enter(0x30, 'it')
        expect(fields.smallInteger('number')).toBe(number)
        expect(Buffer.compare(fields.take(0x04, 'octets').content, octets)).toBe(0)
        fields.end('it')
      }),
    )
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 48 }), { maxLength: 6 }), (arcs) => {
        const dotted = ['1', '3', ...arcs].join('.')
        expect(reader(der.objectIdentifier(dotted)).objectIdentifier('it')).toBe(dotted)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const walk = (level: DerReader): void => {
          for (const element of level.rest(100, 'it')) if ((element.tag & 0x20) !== 0) walk(level.inside(element))
        }
        try {
          walk(reader(bytes))
        } catch (failure) {
          expect(failure).toEqual(malformed)
        }
      }),
    )
  })
})
