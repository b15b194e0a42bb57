import { describe, expect, it } from 'vitest'
import { rememberByBytes } from '../../../signing/x509/remember.ts'

function counted() {
  const made: string[] = []
  const read = rememberByBytes((bytes) => {
    const text = Buffer.from(bytes).toString('hex')
    made.push(text)
    return { text }
  })
  return { made, read }
}

describe('what is remembered by its bytes', () => {
  it('is made once for the same bytes, wherever they lie', () => {
    const { made, read } = counted()
    const first = read(Uint8Array.of(1, 2))
    expect(read(Uint8Array.of(0, 1, 2, 3).subarray(1, 3))).toBe(first)
    expect(made).toEqual(['0102'])
  })

  it('is made anew for bytes that differ in one bit, in length or in content after they were changed in place', () => {
    const { read } = counted()
    const bytes = Uint8Array.of(0x80, 0x00)
    expect(read(bytes).text).toBe('8000')
    expect(read(Uint8Array.of(0x80, 0x01)).text).toBe('8001')
    expect(read(Uint8Array.of(0x80)).text).toBe('80')
    bytes[1] = 0xff
    expect(read(bytes).text).toBe('80ff')
  })

  it('is forgotten after many others, those first that were asked for longest ago', () => {
    const { made, read } = counted()
    const asked = (value: number) => read(Uint8Array.of(value >> 8, value & 0xff))
    asked(0)
    asked(1)
    for (let value = 2; value < 128; value += 1) asked(value)
    asked(0)
    asked(128)
    made.length = 0
    asked(0)
    asked(1)
    expect(made).toEqual(['0001'])
  })

  it('is not kept when it could not be made, nor for long input', () => {
    let calls = 0
    const failing = rememberByBytes(() => {
      calls += 1
      throw new Error('malformed')
    })
    expect(() => failing(Uint8Array.of(1))).toThrow('malformed')
    expect(() => failing(Uint8Array.of(1))).toThrow('malformed')
    expect(calls).toBe(2)
    const { made, read } = counted()
    const long = new Uint8Array(64 * 1024)
    read(long)
    read(long)
    expect(made).toHaveLength(2)
  })
})
