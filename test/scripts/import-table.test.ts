import { describe, expect, test } from 'vitest'
import { checkImports } from '../../scripts/imports/check.ts'
import { findCircles } from '../../scripts/imports/circles.ts'

/** What the table says of one file among others; messages without their explanation in parentheses. */
function messages(path: string, source: string, others: Readonly<Record<string, string>> = {}): string[] {
  const sources = new Map([...Object.entries(others), [path, source]])
  return checkImports(sources)
    .filter((violation) => violation.path === path)
    .map(({ line, message }) => `${line}: ${message.replace(/ \(.*\)/, '')}`)
}

/** Every row of the architecture's table: room, rooms that it may import, rooms of which it may import types. */
const rows: [string, string[], string[]][] = [
  ['domain', [], []],
  ['retry', [], ['domain']],
  ['application', ['retry', 'domain', 'workflows'], ['event-log']],
  ['workflows', ['domain'], ['activities', 'event-log']],
  ['activities', ['domain', 'event-log', 'artifacts', 'signing', 'origin', 'notifications'], ['workflows']],
  ['event-log', ['retry'], ['domain']],
  ['projections', ['retry'], ['domain', 'event-log']],
  ['graphql', ['application', 'projections'], ['domain', 'event-log']],
  ['rest', ['application', 'projections'], ['domain', 'event-log']],
  ['signing', ['retry'], ['domain']],
  ['artifacts', ['retry', 'signing'], ['domain']],
  ['origin', ['retry'], ['domain']],
  ['notifications', ['retry', 'domain', 'event-log'], []],
  ['web', [], ['graphql']],
  ['cli', ['retry'], ['graphql', 'rest']],
]
const everyRoom = [...rows.map(([room]) => room), 'server', 'test', 'bench', 'scripts', 'elsewhere']

describe('the import table', () => {
  test.each(rows)('%s/ may import %j, types of %j, and no other room', (room, all, types) => {
    const runs = (other: string) => messages(`${room}/a.ts`, `import { b } from '../${other}/inner/b.ts'\nb()`)
    const erased = (other: string) => messages(`${room}/a.ts`, `import type { B } from '../${other}/inner/b.ts'`)
    const others = everyRoom.filter((other) => other !== room)
    expect(others.filter((other) => runs(other).length === 0)).toEqual(others.filter((other) => all.includes(other)))
    expect(others.filter((other) => erased(other).length === 0)).toEqual(
      others.filter((other) => all.includes(other) || types.includes(other)),
    )
  })

  test.each(['server', 'test', 'bench', 'scripts'])('%s/ may import every room of the product', (room) => {
    const product = [...rows.map(([name]) => name), 'server'].filter((other) => other !== room)
    const source = product.map((other) => `import '../${other}/b.ts'`).join('\n')
    expect(messages(`${room}/a.ts`, source)).toEqual([])
  })

  test.each(['server', 'application'])('%s/ may not import tests, benchmarks and scripts', (room) => {
    const source = "import '../test/a.ts'\nimport '../bench/a.ts'\nimport '../scripts/a.ts'"
    expect(messages(`${room}/a.ts`, source)).toEqual([
      '1: nothing may import test/',
      '2: nothing may import bench/',
      '3: nothing may import scripts/',
    ])
  })

  test.each([
    "import { decide } from '../server/x.ts'",
    "import '../server/x.ts'",
    "import * as x from '../server/x.ts'",
    "import x from '../server/x.ts'",
    "import type { X } from '../server/x.ts'",
    "import { type X } from '../server/x.ts'",
    "export { x } from '../server/x.ts'",
    "export * from '../server/x.ts'",
    "export * as x from '../server/x.ts'",
    "export type { X } from '../server/x.ts'",
    "const x = await import('../server/x.ts')",
    'const x = await import(`../server/x.ts`)',
    "type X = import('../server/x.ts').X",
    "type X = typeof import('../server/x.ts')",
    "import x = require('../server/x.ts')",
    "import { x } from './inner/../../server/x.ts'",
  ])('sees %s', (source) => {
    expect(messages('domain/a.ts', `// first line\n${source}`)).toEqual(['2: domain/ may not import server/'])
  })

  test('a module whose name is computed is refused where imports are limited', () => {
    const source = "const name = './a.ts'\nawait import(name)"
    const refusal = '2: imports a module whose name cannot be read from the source'
    expect(messages('domain/a.ts', source)).toEqual([refusal])
    expect(messages('server/a.ts', source)).toEqual([])
  })

  test('the only way from the command into the server is the file that is named for it', () => {
    const source = "import { serve } from '../server/commands.ts'"
    expect(messages('cli/local-commands.ts', source)).toEqual([])
    expect(messages('cli/serve.ts', source)).toEqual(['1: cli/ may not import server/'])
  })

  test('only the client side of the workflows may use what the sandbox has not', () => {
    const source = "import { Client } from '@temporalio/client'"
    expect(messages('workflows/client.ts', source)).toEqual([])
    expect(messages('workflows/index.ts', source)).toEqual([
      '1: workflows/ may not import the package @temporalio/client',
    ])
  })

  test('a capability is imported by those who may hand it out, and its type by everybody', () => {
    const by = (path: string) =>
      messages(path, `import { Setup } from '${path.includes('/x/') ? '../' : ''}../application/setup.ts'`)
    for (const path of ['server/a.ts', 'server/x/a.ts', 'application/caller.ts', 'test/a.ts', 'bench/a.ts'])
      expect(by(path)).toEqual([])
    for (const path of [
      'application/create-user.ts',
      'application/index.ts',
      'graphql/a.ts',
      'rest/a.ts',
      'serverless/a.ts',
    ])
      expect(by(path)[0]).toMatch(/^1: (only application\/caller.ts, server\/|the folder)/)
    expect(messages('graphql/a.ts', "import type { Setup } from '../application/setup.ts'")).toEqual([])
    expect(messages('application/index.ts', "export { Setup } from './setup.ts'")).toHaveLength(1)
  })

  test('a folder that is not in the table, or outside of the repository, is refused', () => {
    expect(messages('utils/a.ts', '')).toEqual(['1: the folder utils/ is not in the import table'])
    expect(messages('domain/a.ts', "import '../../other/a.ts'")).toEqual([
      '1: imports ../other/a.ts, which is outside of the repository',
    ])
  })
})

describe('the language of a room', () => {
  const domain = {
    'domain/index.ts':
      "export * from './ids.ts'\nexport * from './user/index.ts'\nexport { plan as thePlan } from './r/plan.ts'",
    'domain/ids.ts': 'export const parseId = () => 1',
    'domain/r/plan.ts': 'export const plan = 1',
    'domain/user/index.ts': "export * from './decider.ts'",
    'domain/user/decider.ts': 'export const decide = () => 1\nexport type Command = string',
  }

  test.each(['parseId', 'thePlan', 'type Command', 'type decide'])('%s may be imported through the door', (name) => {
    expect(messages('signing/a.ts', `import { ${name} } from '../domain/index.ts'`, domain)).toEqual([])
  })

  test.each([
    ["import { parseId, decide } from '../domain/index.ts'", 'decide'],
    ["import { decide } from '../domain/user/index.ts'", 'decide'],
    ["import { decide } from '../domain/user/decider.ts'", 'decide'],
    ["import * as domain from '../domain/index.ts'", '*'],
    ["export * from '../domain/index.ts'", '*'],
    ["import '../domain/index.ts'", '*'],
    ["await import('../domain/index.ts')", '*'],
  ])('%s brings a decision, and is refused', (source, name) => {
    expect(messages('signing/a.ts', source, domain)).toEqual([
      `1: signing/ may import only the types and the language of domain/, not ${name}`,
    ])
  })
})

describe('libraries', () => {
  test('the domain may use the schema validator and nothing else', () => {
    const source =
      "import { z } from 'zod'\nimport fs from 'node:fs'\nimport { createHash } from 'crypto'\nimport pino from 'pino'"
    expect(messages('domain/a.ts', source)).toEqual([
      '2: domain/ may not import node:fs',
      '3: domain/ may not import crypto',
      '4: domain/ may not import the package pino',
    ])
  })

  test("workflows may use only what Temporal's sandbox offers", () => {
    const source = [
      "import { sleep } from '@temporalio/workflow'",
      "import assert from 'node:assert'",
      "import { readFile } from 'node:fs/promises'",
      "import { Client } from '@temporalio/client'",
      "import { z } from 'zod'",
      "import type { Connection } from '@temporalio/client'",
    ].join('\n')
    expect(messages('workflows/a.ts', source)).toEqual([
      '3: workflows/ may not import node:fs/promises',
      '4: workflows/ may not import the package @temporalio/client',
      '5: workflows/ may not import the package zod',
    ])
  })
})

describe('circles', () => {
  const circlesOf = (files: Readonly<Record<string, string>>) => findCircles(new Map(Object.entries(files)))

  test.each([
    ['two files', { 'a/1.ts': "import './2.ts'", 'a/2.ts': "import './1.ts'" }, ['a/1.ts', 'a/2.ts']],
    ['types only', { 'a/1.ts': "import type { B } from './2.ts'", 'a/2.ts': "import './1.ts'" }, ['a/1.ts', 'a/2.ts']],
    [
      'three files of several rooms, by a re-export',
      { 'a/1.ts': "export * from '../b/2.ts'", 'b/2.ts': "import '../c/3.ts'", 'c/3.ts': "import '../a/1.ts'" },
      ['a/1.ts', 'b/2.ts', 'c/3.ts'],
    ],
    ['a file that imports itself', { 'a/1.ts': "import './1.ts'" }, ['a/1.ts']],
  ])('%s are found', (_, files, circle) => {
    expect(circlesOf({ 'a/outside.ts': "import './1.ts'", ...files })).toEqual([circle])
  })

  test('files that only share what they import are none', () => {
    const files = { 'a/1.ts': "import './2.ts'\nimport './3.ts'", 'a/2.ts': "import './3.ts'", 'a/3.ts': '' }
    expect(circlesOf(files)).toEqual([])
  })
})
