import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildSchema,
  execute,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  isAbstractType,
  isEnumType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  visit,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { missingInAnswer } from '../../cli/connection/answer-shape.ts'

const root = join(import.meta.dirname, '../..')
const schema = buildSchema(readFileSync(join(root, 'graphql/schema.graphql'), 'utf8'))

const documents = (
  await Promise.all(
    globSync('cli/documents/*.ts', { cwd: root }).map(async (path) => {
      const exported = (await import(join(root, path))) as Record<string, unknown>
      return Object.entries(exported).flatMap(([name, text]) =>
        typeof text === 'string' && /^(query|mutation|subscription) /.test(text) ? [{ name, text }] : [],
      )
    }),
  )
).flat()

/** Something of a type: of an object all fields, of a list two items. */
const someOf = (type: GraphQLOutputType): unknown => {
  if (isNonNullType(type)) return someOf(type.ofType)
  if (isListType(type)) return [someOf(type.ofType), someOf(type.ofType)]
  if (isObjectType(type) || isAbstractType(type)) return {}
  if (isEnumType(type)) return type.getValues()[0]?.value
  return /^(Int|Float|ByteCount)$/.test(type.name) ? 1 : type.name === 'Boolean' ? true : 'text'
}
const fieldResolver: GraphQLFieldResolver<unknown, unknown> = (_parent, _args, _context, { returnType }) =>
  someOf(returnType)

// What is answered depends on no argument here.
for (const type of Object.values(schema.getTypeMap()))
  if (isObjectType(type) || isInterfaceType(type)) for (const field of Object.values(type.getFields())) field.args = []

/** What a service of this release answers to a document. */
async function answerTo(text: string): Promise<Record<string, unknown>> {
  const { data, errors } = await execute({
    schema,
    document: visit(parse(text), { VariableDefinition: () => null, Argument: () => null }),
    fieldResolver,
    typeResolver: (_value, _context, _info, type) => schema.getPossibleTypes(type)[0]?.name,
    // Subscriptions answer as queries do.
    rootValue: {},
  })
  expect(errors).toBeUndefined()
  return JSON.parse(JSON.stringify(data)) as Record<string, unknown>
}

/** Every object of an answer that has fields, with its path. */
function objectsOf(value: unknown): readonly Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Array.isArray(value) ? [] : [value as Record<string, unknown>]
  return [...own, ...Object.values(value).flatMap(objectsOf)]
}

const hasFields = (value: unknown) => typeof value === 'object' && value !== null

describe('the answers that the command line takes', () => {
  it.each(documents)('to $name have all that it asks for', async ({ text }) => {
    const answer = await answerTo(text)
    expect(missingInAnswer(text, answer)).toBeUndefined()
    for (const object of objectsOf(answer))
      for (const [name, value] of Object.entries(object)) {
        delete object[name]
        const found = missingInAnswer(text, answer)
        // What only some types have may be missing.
        if (!/\.\.\. on /.test(text)) expect(found).toMatch(new RegExp(`\\b${name}$`))
        if (hasFields(Array.isArray(value) ? value[0] : value)) {
          object[name] = 'text'
          expect(missingInAnswer(text, answer)).toMatch(new RegExp(`\\b${name}(\\[0\\])?$`))
        }
        object[name] = value
      }
  })

  it('may have null, and more than was asked for', () => {
    const text = 'query One($id: ID!) { one: thing(id: $id) { name parts { name } ... on Other { size } } }'
    expect(missingInAnswer(text, { one: null, two: 1 })).toBeUndefined()
    expect(missingInAnswer(text, { one: { name: null, parts: [null, { name: 'a' }], more: {} } })).toBeUndefined()
    expect(missingInAnswer(text, { one: { name: 'a', parts: [{ name: 'a' }, {}] } })).toBe('one.parts[1].name')
    expect(missingInAnswer(text, { thing: { name: 'a', parts: [] } })).toBe('one')
    expect(missingInAnswer(text, 'text')).toBe('')
  })
})
