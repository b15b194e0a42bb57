import { randomBytes } from 'node:crypto'
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common'
import { describe, expect, it, vi } from 'vitest'
import { newPayloadKey, parsePayloadKeys, payloadCodec } from '../../server/payload-codec.ts'
import { recordUnopened } from '../../server/unopened-payloads.ts'
import { unopenedCode } from '../../workflows/unopened.ts'

const codecOf = (...keys: readonly string[]) => payloadCodec(parsePayloadKeys(keys.join('\n')))

const payload: Payload = {
  metadata: { encoding: Buffer.from('json/plain'), other: Buffer.from([0, 255, 10]) },
  data: Buffer.from('{"comment":"a program that nobody else knows of"}'),
}

async function sealed(codec = codecOf(newPayloadKey()), plain = payload): Promise<Payload> {
  const [only] = await codec.encode([plain])
  if (only === undefined) throw new Error('Nothing came back')
  return only
}

const places: readonly (SerializationContext | undefined)[] = [
  undefined,
  { type: 'workflow', namespace: 'default', workflowId: 'a' },
  { type: 'workflow', namespace: 'other', workflowId: 'a' },
  { type: 'workflow', namespace: 'default', workflowId: 'b' },
  { type: 'activity', namespace: 'default', workflowId: 'a', activityId: 'sign-1', isLocal: false },
  { type: 'activity', namespace: 'default', workflowId: 'a', activityId: 'sign-2', isLocal: false },
  { type: 'activity', namespace: 'default', workflowId: 'b', activityId: 'sign-1', isLocal: false },
  { type: 'activity', namespace: 'default', workflowId: 'a', activityId: 'sign-1', isLocal: true },
  { type: 'activity', namespace: 'default', activityId: 'sign-1', isLocal: false },
]

/** Why a payload is not opened; `undefined` when it is. */
async function codeOf(codec: PayloadCodec, given: Payload, place?: SerializationContext) {
  const [only] = await codec.decode([given], place)
  try {
    return unopenedCode(JSON.parse(Buffer.from(only?.data ?? []).toString()))
  } catch {
    return undefined
  }
}

/** Metadata and data as bytes, whatever kind of array holds them. */
function plainly({ metadata, data }: Payload) {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('hex')])
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data ?? []).toString('hex') }
}

describe('payload keys', () => {
  it('are 32 random bytes in base64, one a line', () => {
    const text = newPayloadKey()
    expect(Buffer.from(text, 'base64')).toHaveLength(32)
    expect(newPayloadKey()).not.toBe(text)
    expect(parsePayloadKeys(`\n ${text}\r\n${newPayloadKey()}\n`)).toHaveLength(2)
  })

  it('are known by a name that says nothing of them', () => {
    const text = newPayloadKey().trim()
    const [{ id }] = parsePayloadKeys(text)
    expect(id).toMatch(/^[0-9a-f]{16}$/)
    expect(Buffer.from(text, 'base64').toString('hex')).not.toContain(id)
    expect(parsePayloadKeys(text)[0].id).toBe(id)
  })

  const key = randomBytes(32).toString('base64')
  it.each([
    ['nothing', ''],
    ['blanks', ' \n\t'],
    ['16 bytes', randomBytes(16).toString('base64')],
    ['33 bytes', randomBytes(33).toString('base64')],
    ['hexadecimal', randomBytes(32).toString('hex')],
    ['a key without its end', key.slice(0, -2)],
    ['a key with a stray character', `${key.slice(0, 10)}*${key.slice(10)}`],
    ['a right key and a wrong one', `${key}\nwrong`],
  ])('of another form are refused without being told: %s', (_, text) => {
    let failure: unknown
    try {
      parsePayloadKeys(text)
    } catch (error) {
      failure = error
    }
    expect(failure).toMatchObject({ code: 'PAYLOAD_KEY_MALFORMED', message: expect.stringContaining('base64') })
    if (text.trim() !== '') expect(String(failure)).not.toContain(text.trim().slice(0, 8))
  })
})

describe('what Temporal keeps', () => {
  it('comes back as it was: metadata, bytes, many at once and in order', async () => {
    const codec = codecOf(newPayloadKey())
    const payloads: Payload[] = [payload, { metadata: {}, data: randomBytes(100_000) }, { data: new Uint8Array(0) }, {}]
    const back = await codec.decode(await codec.encode(payloads))
    expect(back.map(plainly)).toEqual(payloads.map(plainly))
  })

  it('shows nothing of what it holds, and is never the same twice', async () => {
    const codec = codecOf(newPayloadKey())
    const [first, second] = [await sealed(codec), await sealed(codec)]
    for (const { metadata, data } of [first, second]) {
      expect(Buffer.from(metadata?.encoding ?? []).toString()).toBe('binary/encrypted')
      expect(Object.keys(metadata ?? {}).sort()).toEqual(['encoding', 'encryption-key-id'])
      expect(Buffer.from(data ?? []).includes('program')).toBe(false)
      expect(Buffer.from(data ?? []).includes('json/plain')).toBe(false)
    }
    expect(plainly(first).data.slice(0, 24)).not.toBe(plainly(second).data.slice(0, 24))
  })

  it('is read with older keys, and sealed with the first', async () => {
    const [older, newer] = [newPayloadKey(), newPayloadKey()]
    const before = await sealed(codecOf(older))
    const both = codecOf(newer, older)
    expect((await both.decode([before])).map(plainly)).toEqual([plainly(payload)])
    const after = await sealed(both)
    expect((await codecOf(newer).decode([after])).map(plainly)).toEqual([plainly(payload)])
    expect(await codeOf(codecOf(older), after)).toBe('PAYLOAD_KEY_UNKNOWN')
  })

  it('is not opened when a bit of it was changed, anywhere', async () => {
    const codec = codecOf(newPayloadKey())
    const { metadata, data } = await sealed(codec)
    const bytes = Buffer.from(data ?? [])
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      expect(await codeOf(codec, { metadata: metadata ?? {}, data: changed })).toBe('PAYLOAD_MISPLACED')
    }
  })

  it('is not opened when it was cut off, at any length', async () => {
    const codec = codecOf(newPayloadKey())
    const { metadata, data } = await sealed(codec)
    for (let length = 0; length < (data?.length ?? 0); length++)
      expect(await codeOf(codec, { metadata: metadata ?? {}, data: data?.subarray(0, length) ?? null })).toBe(
        'PAYLOAD_MISPLACED',
      )
  })

  it('is not opened when the service did not seal it: nobody speaks to a workflow past the service', async () => {
    const codec = codecOf(newPayloadKey())
    const encoding = Buffer.from('binary/encrypted')
    expect(await codeOf(codec, payload)).toBe('PAYLOAD_NOT_SEALED')
    expect(await codeOf(codec, {})).toBe('PAYLOAD_NOT_SEALED')
    expect(await codeOf(codec, { metadata: { encoding } })).toBe('PAYLOAD_NOT_SEALED')
    expect(await codeOf(codec, { ...payload, metadata: { encoding } })).toBe('PAYLOAD_KEY_UNKNOWN')
    expect(await codeOf(codec, await sealed())).toBe('PAYLOAD_KEY_UNKNOWN')
  })

  it('is opened beside what is not', async () => {
    const codec = codecOf(newPayloadKey())
    const [first, second] = await codec.decode([payload, await sealed(codec)])
    expect(unopenedCode(JSON.parse(Buffer.from(first?.data ?? []).toString()))).toBe('PAYLOAD_NOT_SEALED')
    expect(plainly(second ?? {})).toEqual(plainly(payload))
  })

  it('is opened in its own place and in no other', async () => {
    const key = newPayloadKey()
    const met: string[] = []
    const codec = payloadCodec(parsePayloadKeys(key), (code, place) => met.push(`${code} ${places.indexOf(place)}`))
    for (const place of places) {
      const [only] = await codec.encode([payload], place)
      for (const other of places) {
        const code = await codeOf(codec, only ?? {}, other)
        expect(code).toBe(other === place ? undefined : 'PAYLOAD_MISPLACED')
      }
    }
    expect(met).toHaveLength(places.length * (places.length - 1))
    expect(met).toContain('PAYLOAD_MISPLACED 8')
  })
})

it('of payloads that were not opened one line a minute tells for each code, and how many there were', () => {
  const warn = vi.fn()
  let at = 0
  const record = recordUnopened({ warn }, () => at)
  for (let count = 0; count < 1000; count += 1) record('PAYLOAD_NOT_SEALED', places[1])
  record('PAYLOAD_MISPLACED', undefined)
  at = 60_000
  record('PAYLOAD_NOT_SEALED', places[4])
  expect(warn.mock.calls.map(([fields]) => fields)).toEqual([
    { code: 'PAYLOAD_NOT_SEALED', payloads: 1, place: places[1] },
    { code: 'PAYLOAD_MISPLACED', payloads: 1, place: undefined },
    { code: 'PAYLOAD_NOT_SEALED', payloads: 1000, place: places[4] },
  ])
})
