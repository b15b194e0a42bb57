import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const schema = buildSchema(readFileSync(join(root, 'graphql/schema.graphql'), 'utf8'))

const modules = globSync('cli/documents/*.ts', { cwd: root })
const documents = (
  await Promise.all(
    modules.map(async (path) => {
      const exported = (await import(join(root, path))) as Record<string, unknown>
      return Object.entries(exported).flatMap(([name, text]) =>
        typeof text === 'string' && /^(query|mutation|subscription) /.test(text) ? [{ path, name, text }] : [],
      )
    }),
  )
).flat()

describe('GraphQL documents of the command line', () => {
  it('are found', () => expect(documents.length).toBeGreaterThan(10))

  it.each(documents)('$path $name is what the printed schema allows', ({ text }) => {
    expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([])
  })
})
