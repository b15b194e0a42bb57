import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Actor,
  canonicalJson,
  type EventMetadata,
  fold,
  mailboxOf,
  metadataSchemaVersion,
  networkOf,
  type OrganizationId,
  organizationDecider,
  parseEmailAddress,
  parseFileName,
  parseId,
  parseName,
  parseSha256Digest,
  parseStreamName,
  parseText,
  projectDecider,
  refusalKind,
  signingPolicyDecider,
  signingRequestDecider,
  streams,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import { refusalOf } from '../support/decider-spec.ts'
import { fixedUuid, people } from '../support/submission.ts'

describe('ids and digests', () => {
  it('are read in any case and kept in lower case', () => {
    expect(parseId('0B7E9A52-1C3D-4E5F-8A9B-0C1D2E3F4A5B', 'id')).toBe('0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b')
    expect(parseSha256Digest('AB'.repeat(32), 'digest')).toBe('ab'.repeat(32))
  })

  it('are refused in any other form, naming the field', () => {
    const uuid = fixedUuid<UserId>('1')
    for (const text of ['', 'x', `${uuid} `, ` ${uuid}`, `${uuid}\n`, uuid.replaceAll('-', ''), `{${uuid}}`, '../etc'])
      expect(refusalOf(() => parseId(text, 'userId'))).toMatchObject({
        code: 'ID_MALFORMED',
        message: expect.stringContaining('userId'),
      })
    for (const text of ['', 'ab'.repeat(31), 'ab'.repeat(33), 'gg'.repeat(32), `${'ab'.repeat(32)}\n`])
      expect(refusalOf(() => parseSha256Digest(text, 'the digest'))).toMatchObject({
        code: 'DIGEST_MALFORMED',
        message: expect.stringContaining('the digest'),
      })
  })
})

describe('texts', () => {
  const bidirectionalControls = [0x61c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e]
    .concat([0x2066, 0x2067, 0x2068, 0x2069])
    .map((code) => String.fromCodePoint(code))

  it('are kept as they were sent, in every script and with line breaks and tabs', () => {
    const family = '👩‍👩‍👧 ❤️ 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣'
    for (const text of [
      '',
      ' a ',
      'one\r\ntwo\n\tthree',
      'à\u00a0vous\u202f!',
      'שלום',
      'مرحبا',
      family,
      'x'.repeat(4000),
    ])
      expect(parseText(text, 'The comment')).toBe(text)
    expect(parseText(null, 'The comment')).toBeNull()
  })

  it('show what they hold: nothing in them turns the direction of reading', () => {
    for (const control of bidirectionalControls) {
      expect(refusalOf(() => parseText(`a${control}b`, 'The comment'))).toMatchObject({
        code: 'TEXT_MALFORMED',
        message: expect.stringMatching(/^The comment .*direction/),
      })
      expect(refusalOf(() => parseName(`a${control}b`, 'The name'))).toMatchObject({
        code: 'NAME_MALFORMED',
        message: expect.stringMatching(/^The name .*direction/),
      })
      expect(refusalOf(() => parseFileName(`a${control}b`))).toMatchObject({
        code: 'FILE_NAME_MALFORMED',
        message: expect.stringContaining('direction'),
      })
    }
    expect(parseName('אבטחה', 'The name')).toBe('אבטחה')
    expect(parseFileName('برنامج.exe')).toBe('برنامج.exe')
  })

  it('show what they hold: nothing in them is invisible, and the message names it', () => {
    const invisible = [
      ...['\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad', '\u034f', '\u180e', '\u115f', '\u3164', '\uffa0'],
      ...['\u2028', '\u2029', '\u2800', '\ufe0f', '\ue000', '\ufffe', '\ufff9', '\u{e0041}', '\u{e0100}', '\u{f0000}'],
    ]
    for (const character of invisible) {
      const named = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} at character 3`
      const text = `ab${character}c`
      for (const [read, code] of [
        [() => parseName(text, 'The name'), 'NAME_MALFORMED'],
        [() => parseText(text, 'The comment'), 'TEXT_MALFORMED'],
        [() => parseFileName(text), 'FILE_NAME_MALFORMED'],
      ] as const)
        expect(refusalOf(read), named).toMatchObject({ code, message: expect.stringContaining(named) })
      expect(
        refusalOf(() => parseEmailAddress(`ab${character}c@example.org`)),
        named,
      ).toMatchObject({
        code: 'EMAIL_MALFORMED',
      })
    }
  })

  it('are no e-mail addresses unless they are one mailbox, and no refusal repeats them', () => {
    for (const address of [
      'a@b',
      'anna.maria+x@mail.example.org',
      'jörg@straße.example',
      `${'x'.repeat(64)}@example.org`,
    ])
      expect(parseEmailAddress(address)).toBe(address)
    for (const text of [
      '',
      'anna',
      '@example.org',
      'anna@',
      'a@b@c',
      'anna@example..org',
      'anna@-example.org',
      '.anna@example.org',
      'Anna <anna@example.org>',
      ' anna@example.org',
      'anna@example.org\r\nBcc: all@example.org',
      'anna\u202e@example.org',
      `${'x'.repeat(65)}@example.org`,
      `a@${'x'.repeat(253)}`,
    ]) {
      const { code, message, details } = refusalOf(() => parseEmailAddress(text))
      expect(code).toBe('EMAIL_MALFORMED')
      expect(`${message} ${JSON.stringify(details)}`).not.toMatch(/anna|xxx/)
    }
  })

  it('are e-mail addresses of one mailbox in one form: however they are written in case, folding letters, and domain', () => {
    for (const same of [
      ['Alice@x.org', 'alice@X.ORG', 'al\u0131ce@x.org', 'AL\u0130CE@x.org', '\uff21lice@x.org'],
      ['sam@x.org', '\u017fam@x.org'],
      ['kim@x.org', '\u212aim@x.org'],
      ['anna@b\u00fccher.example', 'Anna@B\u00dcCHER.example', 'anna@xn--bcher-kva.example'],
      ['stra\u00dfe@x.org', 'STRASSE@x.org', 'stra\u1e9ee@x.org'],
    ])
      expect(new Set(same.map((each) => mailboxOf(parseEmailAddress(each)))).size, same[0]).toBe(1)
    const apart = ['a@x.org', 'a@y.org', 'b@x.org', 'a.@x.org'.replace('.@', '.b@'), 'a@sub.x.org']
    expect(new Set(apart.map((each) => mailboxOf(parseEmailAddress(each)))).size).toBe(apart.length)
    for (const host of ['a@127.0.0.1', 'a@1.2', 'a@0x7f.0x1', 'a@[::1]', 'a@x.org.'])
      expect(refusalOf(() => parseEmailAddress(host)).code).toBe('EMAIL_MALFORMED')
    // Bytes count, not characters.
    expect(refusalOf(() => parseEmailAddress(`${'\u00e4'.repeat(33)}@x.org`)).code).toBe('EMAIL_MALFORMED')
  })

  it('have a form of their e-mail addresses that is its own form', () => {
    const letter = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(letter, (local) => {
        let address: string
        try {
          address = parseEmailAddress(`${local}@x.org`)
        } catch {
          return
        }
        const form = mailboxOf(address)
        expect(mailboxOf(form)).toBe(form)
        expect(mailboxOf(address.toUpperCase())).toBe(form)
        expect(mailboxOf(address.toLowerCase())).toBe(form)
      }),
      { numRuns: 2000 },
    )
  })

  it('are the same when they look the same: letters are put together, and a space is a space', () => {
    const [apart, together] = ['Ju\u0308rgen', 'J\u00fcrgen']
    expect(parseName(` ${apart}\u00a0 \u3000Meier\u2003`, 'The name')).toBe(`${together} Meier`)
    expect(parseText(apart, 'The comment')).toBe(together)
    expect(parseFileName(`${apart}  1.exe`)).toBe(`${together}  1.exe`)
    expect(parseEmailAddress(`${apart}@example.org`)).toBe(`${together}@example.org`)
    for (const spaced of [' setup.exe', 'setup.exe ', 'setup\u00a0.exe', 'setup\u202f.exe'])
      expect(refusalOf(() => parseFileName(spaced))).toMatchObject({ code: 'FILE_NAME_MALFORMED' })
  })
})

describe('canonical JSON', () => {
  const anyValue = fc.jsonValue({ stringUnit: 'binary' })

  /** The same value, with the members of every object put in the other way round. */
  function reversed(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(reversed)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, member]) => [key, reversed(member)]),
    )
  }

  it('does not depend on the order of members, and means the same value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value))
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('is the form of RFC 8785', () => {
    // The order of its section 3.2.3: by UTF-16 code units, so the emoji stands before U+FB33.
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 }
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}')
    expect(canonicalJson({ b: [true, null, 'x"\\\u0001'], a: { z: undefined, y: 0 } })).toBe(
      '{"a":{"y":0},"b":[true,null,"x\\"\\\\\\u0001"]}',
    )
  })
})

describe('streams', () => {
  it('are named after their entity and taken apart again', () => {
    const id = fixedUuid<UserId>('1')
    for (const kind of [
      'organization',
      'user',
      'group',
      'certificate',
      'project',
      'signingPolicy',
      'signingRequest',
    ] as const) {
      const name = streams[kind](id as never)
      expect(name).toBe(`${kind}-${id}`)
      expect(parseStreamName(name)).toEqual({ kind, id })
    }
    expect(parseStreamName(streams.security(fixedUuid<OrganizationId>('2'), '2026-03-01T12:00:00.000Z'))).toEqual({
      kind: 'security',
      id: `${fixedUuid('2')}-2026-03-01`,
    })
  })

  it('of others are not taken for ours', () => {
    for (const name of ['', '-', 'user', '-user', '$user-1', 'constructor-1', 'other-1'])
      expect(parseStreamName(name)).toBeUndefined()
  })

  it('hold no event that is not known: it could be the one that withdraws something', () => {
    for (const decider of [
      organizationDecider,
      userDecider,
      projectDecider,
      signingPolicyDecider,
      signingRequestDecider,
    ])
      for (const type of ['SomethingElse', 'toString', ''])
        expect(refusalOf(() => fold(decider as typeof userDecider, [{ type, data: {} }])).code).toBe(
          'EVENT_TYPE_UNKNOWN',
        )
  })

  it('hold no event whose metadata has a form that is not known', () => {
    const deactivated = { type: 'UserDeactivated', data: { schemaVersion: 1, reason: null } }
    const folding = (schemaVersion: unknown) => () =>
      fold(userDecider, [{ ...deactivated, metadata: { schemaVersion } as EventMetadata }])
    for (const schemaVersion of [2, 0, '1', undefined]) {
      const refusal = refusalOf(folding(schemaVersion))
      expect(refusal.code).toBe('EVENT_SCHEMA_UNKNOWN')
      expect(refusal.message).toContain('metadata')
    }
    expect(folding(metadataSchemaVersion)).not.toThrow()
  })

  it('hold no event in a form that is not known', () => {
    for (const schemaVersion of [2, 0, '1', undefined])
      expect(
        refusalOf(() => fold(userDecider, [{ type: 'UserDeactivated', data: { schemaVersion, reason: null } }])).code,
      ).toBe('EVENT_SCHEMA_UNKNOWN')
  })

  it('hold events in every form up to the newest that their decider names, type by type', () => {
    const decider = { ...userDecider, schemaVersions: { UserDeactivated: 3 } } as const
    const folding = (type: string, schemaVersion: unknown) => () =>
      fold(decider, [{ type, data: { schemaVersion, reason: null } }])
    for (const schemaVersion of [1, 2, 3]) expect(folding('UserDeactivated', schemaVersion)).not.toThrow()
    for (const schemaVersion of [0, 1.5, 4, '2'])
      expect(refusalOf(folding('UserDeactivated', schemaVersion)).code).toBe('EVENT_SCHEMA_UNKNOWN')
    expect(refusalOf(folding('UserReactivated', 2)).code).toBe('EVENT_SCHEMA_UNKNOWN')
  })
})

describe('refused attempts', () => {
  const attempt = {
    actor: { kind: 'anonymous' } as Actor,
    remoteAddress: '192.0.2.1',
    command: 'authenticate',
    code: 'TOKEN_INVALID',
  }
  const user = (userId: UserId): Actor => ({
    kind: 'user',
    userId,
    authentication: { method: 'apiToken', tokenId: fixedUuid('7') },
  })

  it('are of one kind by who and why, not by what the caller asks for and names; a known user is one from any address', () => {
    expect(refusalKind({ ...attempt, subject: 'x', command: 'submit' } as typeof attempt)).toBe(refusalKind(attempt))
    const keys = [
      attempt,
      { ...attempt, remoteAddress: '192.0.2.2' },
      { ...attempt, code: 'TOKEN_EXPIRED' },
      { ...attempt, actor: user(people.anna) },
      { ...attempt, actor: user(people.bert) },
    ].map(refusalKind)
    expect(new Set(keys).size).toBe(keys.length)
    const elsewhere = { ...attempt, actor: user(people.anna), remoteAddress: '192.0.2.9' }
    expect(keys).toContain(refusalKind(elsewhere))
  })

  it('come from a network, of which an address of IPv6 is the /64', () => {
    for (const [address, network] of [
      ['192.0.2.1', '192.0.2.1'],
      ['::ffff:192.0.2.1', '192.0.2.1'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:0DB8:0001:0002::6', '2001:db8:1:2::/64'],
      ['2001:db8::6', '2001:db8:0:0::/64'],
      ['::', '0:0:0:0::/64'],
      ['::1', '0:0:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
      ['1::2:3:4:5:192.0.2.33', '1:0:2:3::/64'],
      ['no address', 'no address'],
    ] as const)
      expect(networkOf(address), address).toBe(network)
    const from = (remoteAddress: string) => refusalKind({ ...attempt, remoteAddress })
    expect(from('2001:db8::1')).toBe(from('2001:db8:0:0:ffff::2'))
    expect(from('2001:db8::1')).not.toBe(from('2001:db8:0:1::1'))
  })
})
