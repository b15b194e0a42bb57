import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { onlyNamed, treeOfFields, treeOfJson } from '../../rest/forms/field-tree.ts'
import { decodeFileName } from '../../rest/forms/file-name.ts'
import { readJson } from '../../rest/forms/json.ts'
import { momentSchema } from '../../rest/forms/moment.ts'
import { readFields } from '../../rest/forms/read-fields.ts'
import { InvalidInput } from '../../rest/invalid-input.ts'

const schema = z.object({
  projectSlug: z.string(),
  count: z.int().optional(),
  isFast: z.boolean().optional(),
  parameters: z.record(z.string(), z.string()).optional(),
  origin: z.object({ buildData: z.object({ url: z.string().optional() }).optional() }).optional(),
  headers: z
    .union([z.array(z.object({ key: z.string(), value: z.string() })), z.record(z.string(), z.string())])
    .optional(),
  statuses: z.array(z.enum(['Completed', 'Denied'])).optional(),
  approvers: z.array(z.union([z.object({ user: z.uuid() }), z.object({ group: z.uuid() })])).optional(),
  password: z.string().max(3).meta({ writeOnly: true }).optional(),
})

const text = (...fields: readonly (readonly [string, unknown])[]) => readFields(schema, treeOfFields(fields), 'text')
const json = (source: string) => readFields(schema, treeOfJson(readJson(source)), 'json')
const project = ['projectSlug', 'p'] as const

function faults(read: () => unknown): InvalidInput['errors'] {
  try {
    read()
  } catch (error) {
    if (error instanceof InvalidInput) return error.errors
    throw error
  }
  return {}
}

describe('fields of a form', () => {
  it.each([
    [
      'in PascalCase',
      [
        ['ProjectSlug', 'p'],
        ['Origin.BuildData.Url', 'u'],
      ],
    ],
    [
      'in camelCase',
      [
        ['projectSlug', 'p'],
        ['origin.buildData.url', 'u'],
      ],
    ],
    [
      'in brackets',
      [
        ['PROJECTSLUG', 'p'],
        ['origin[buildData][URL]', 'u'],
      ],
    ],
    [
      'in brackets and dots',
      [
        ['projectslug', 'p'],
        ['Origin[builddata].url', 'u'],
      ],
    ],
  ] as const)('are the same %s', (_, fields) => {
    expect(text(...fields)).toEqual({ projectSlug: 'p', origin: { buildData: { url: 'u' } } })
  })

  it('stand for numbers, truth values, lists and names of their own', () => {
    expect(
      text(
        project,
        ['count', '12'],
        ['isFast', 'True'],
        ['Parameters.productVersion', '1.0'],
        ['headers[0].Key', 'A'],
        ['headers[0].Value', 'b'],
        ['statuses', 'Completed'],
        ['statuses', 'Denied'],
      ),
    ).toEqual({
      projectSlug: 'p',
      count: 12,
      isFast: true,
      parameters: { productVersion: '1.0' },
      headers: [{ key: 'A', value: 'b' }],
      statuses: ['Completed', 'Denied'],
    })
    expect(text(project, ['headers.X-Api', 'b']).headers).toEqual({ 'X-Api': 'b' })
  })

  it('that are empty were left out', () => {
    expect(text(project, ['count', ''], ['origin.buildData.url', ''])).toEqual({
      projectSlug: 'p',
      origin: { buildData: {} },
    })
  })

  it('given twice in two spellings are refused by their name', () => {
    expect(faults(() => text(project, ['ProjectSlug', 'q']))).toEqual({
      projectSlug: ['was given 2 times, as projectSlug and ProjectSlug; give it once'],
    })
    expect(faults(() => text(project, ['parameters.x', '1'], ['Parameters[X]', '2']))).toEqual({
      'parameters.x': ['was given 2 times, as parameters.x and Parameters[X]; give it once'],
    })
    expect(Object.keys(faults(() => text(project, ['origin', '1'], ['origin.buildData.url', '2'])))).toEqual([
      'origin.buildData.url',
    ])
  })

  it('that are unknown, missing or of the wrong form are named with what they are', () => {
    expect(faults(() => text(['project', 'p'], ['count', 'many'], ['statuses', 'Gone']))).toEqual({
      project: [expect.stringContaining('is not known; the fields here are projectSlug, count')],
      projectSlug: [expect.stringContaining('expected string')],
      count: [expect.stringMatching(/expected .*; got "many"/)],
      'statuses.0': [expect.stringMatching(/; got "Gone"/)],
    })
  })

  it('in a list have each number once', () => {
    const [first, other] = [['headers[0].key', 'A'] as const, ['headers[00].key', 'B'] as const]
    expect(Object.keys(faults(() => text(project, first, other))).join()).toContain('headers')
  })

  it('are not repeated where they are secret', () => {
    expect(JSON.stringify(faults(() => text(project, ['password', 'hunter2'])))).not.toContain('hunter2')
    expect(JSON.stringify(faults(() => json('{"projectSlug":"p","password":["hunter2"]}')))).not.toContain('hunter2')
  })

  it.each(['', '.', 'a..b', 'a[', 'a[]', 'a]b', '[a]', '__proto__', 'x'.repeat(400), 'a.b.c.d.e.f.g.h.i.j'])(
    'named %j are refused, and change nothing of other objects',
    (name) => {
      expect(faults(() => text(project, [name, '1']))).not.toEqual({})
      expect(faults(() => text(project, ['parameters.__proto__', '1']))).toEqual({
        'parameters.__proto__': ['is no name that can be used'],
      })
      expect(Object.getPrototypeOf({})).toBe(Object.prototype)
    },
  )
})

describe('fields of a JSON document', () => {
  it('are matched without regard to case, and null is what was left out', () => {
    expect(json('{"ProjectSlug":"p","Count":null,"origin":{"BuildData":null}}')).toEqual({
      projectSlug: 'p',
      origin: {},
    })
  })

  it('are not read as something else', () => {
    expect(Object.keys(faults(() => json('{"projectSlug":"p","count":"12"}')))).toEqual(['count'])
    // Written as JSON it would be null.
    expect(faults(() => json('{"projectSlug":"p","parameters":{"a":[1,1e400]}}'))).toEqual({
      'parameters.a.1': [expect.stringContaining('too large')],
    })
    for (const tooLarge of [`-${'9'.repeat(400)}`, `${'9'.repeat(307)}e2`, `2${'0'.repeat(209)}e+99`])
      expect(Object.keys(faults(() => readJson(tooLarge))), tooLarge).toEqual(['request'])
    expect(readJson(`9${'0'.repeat(208)}e99`)).toBe(9e307)
    expect(readJson('[1e308,"1e400",1E+005]')).toEqual([1e308, '1e400', 1e5])
    expect(Object.keys(faults(() => json('{"projectSlug":"p","statuses":"Denied"}')))).toEqual(['statuses'])
  })

  it.each([
    ['{"user":"Ada"}', { 'approvers.0.user': [expect.stringMatching(/UUID; got "Ada"$/)] }],
    ['{"group":7}', { 'approvers.0.group': [expect.stringMatching(/expected string.*; got 7$/)] }],
    ['{}', { 'approvers.0': ['must have one of these forms: user: must be given; or group: must be given'] }],
    ['"Ada"', { 'approvers.0': [expect.stringMatching(/expected object, received string; got "Ada"$/)] }],
    ['{"usr":"Ada"}', { 'approvers.0.usr': ['is not known; the fields here are user; or group'] }],
    ['{"user":"Ada","group":"A"}', { 'approvers.0': ['must have fields of one form alone: user; or group'] }],
  ])('that may have one of several forms are told by the form that was meant: %s', (approver, expected) => {
    expect(faults(() => json(`{"projectSlug":"p","approvers":[${approver}]}`))).toMatchObject(expected)
  })

  it.each([
    '{"projectSlug":"p","projectSlug":"q"}',
    '{"projectSlug":"p","ProjectSlug":"q"}',
    '{"projectSlug":"p","project\\u0053lug":"q"}',
  ])('given twice are refused: %s', (source) => {
    expect(JSON.stringify(faults(() => json(source)))).toContain('twice')
  })

  it('may have one name in several objects, and texts that look like names', () => {
    expect(readJson('[{"a":1},{"a":"\\"a\\":"},{"b":{"a":1},"a":["a"]}]')).toEqual([
      { a: 1 },
      { a: '"a":' },
      { b: { a: 1 }, a: ['a'] },
    ])
  })

  it('are named as far as somebody can read it when very many are at fault', () => {
    const items = (item: string, count: number) => `[${Array(count).fill(item).join()}]`
    const many = z.object({ items: z.array(z.object({ a: z.string(), b: z.string() })) })
    const errors = faults(() => readFields(many, treeOfJson(readJson(`{"items":${items('{"x":1}', 9_000)}}`)), 'json'))
    expect(Object.keys(errors)).toHaveLength(100)
    expect(Object.keys(faults(() => json(`{"projectSlug":"p","statuses":${items('0', 9_000)}}`)))).toHaveLength(100)
  })

  it('are at most so many that reading them keeps nobody waiting', () => {
    const list = (count: number) => `{"projectSlug":"p","statuses":[${Array(count).fill('"Denied"').join()}]}`
    expect(json(list(19_000)).statuses).toHaveLength(19_000)
    expect(faults(() => json(list(20_000)))).toEqual({ request: ['has more than 20000 values'] })
  })

  it('nested without end are refused', () => {
    expect(() => readJson(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toThrow('nested deeper than 32')
  })
})

describe('a moment', () => {
  const read = (at: string) => readFields(z.object({ at: momentSchema }), treeOfFields([['at', at]]), 'text').at

  it.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00.5Z', '2026-01-31T12:00:00.500Z'],
    ['2026-01-31T12:00:00+01:00', '2026-01-31T11:00:00.000Z'],
  ])('is read as events say theirs: %s', (at, expected) => {
    expect(read(at)).toBe(expected)
  })

  it.each(['2026-01-31', '2026-02-30T12:00:00Z', '2026-01-31T12:00:00', '2026-01-31T12:00:00 01:00', 'now'])(
    'is refused with what would be right: %s',
    (at) => {
      expect(faults(() => read(at))).toEqual({
        at: [expect.stringMatching(/^must be a moment such as 2026-01-31T12:00:00Z, .*; got "/)],
      })
    },
  )
})

describe('the name of a file', () => {
  it.each([
    ['setup.exe', 'setup.exe'],
    ['=?utf-8?B?c2V0w7xwLmV4ZQ==?=', 'setüp.exe'],
    ['=?UTF-8?Q?set=C3=BCp_1.exe?=', 'setüp 1.exe'],
    ['=?utf-8?B?c2V0w7xw?= =?utf-8?B?LmV4ZQ==?=', 'setüp.exe'],
    ['=?iso-8859-1?Q?set=FCp.exe?=', 'setüp.exe'],
    ['=?nothing?B?c2V0?=', '=?nothing?B?c2V0?='],
    ['=?utf-8?B?/w==?=', '=?utf-8?B?/w==?='],
    ['a =?utf-8?B?c2V0?= b', 'a =?utf-8?B?c2V0?= b'],
  ])('%s is %s', (written, meant) => {
    expect(decodeFileName(written)).toBe(meant)
  })
})

describe('a JSON body whose sender may say more than is read', () => {
  const names = ['buildId', 'jobId']
  const known = z.object({ buildId: z.int(), jobId: z.string().optional() })
  const read = (source: string) => readFields(known, treeOfJson(onlyNamed(names, readJson(source))), 'json')

  it('is read by the names that are known, whatever else stands there', () => {
    const variables = '"environmentVariables": { "PATH": "/bin", "Path": "C:", "__proto__": [{}] }'
    expect(read(`{ "BuildId": 7, ${variables}, "jobId": "j" }`)).toEqual({ buildId: 7, jobId: 'j' })
  })

  it('is refused where a field that is read is missing, or stands there twice in whatever case', () => {
    expect(faults(() => read('{ "jobId": 7, "other": 1 }'))).toMatchObject({ buildId: [expect.any(String)] })
    expect(faults(() => read('{ "buildId": 7, "BuildID": 8 }'))).toHaveProperty('BuildID')
  })
})
