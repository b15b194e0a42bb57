import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from '@hyperjump/json-schema/openapi-3-1'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { treeOfJson } from '../../rest/forms/field-tree.ts'
import { readFields } from '../../rest/forms/read-fields.ts'
import { describedApi, everyOperation, operationsById } from '../support/described-operations.ts'

// Tools are made from the document: an operation that is called otherwise is another one to them. `UPDATE_OPERATIONS=1` writes down
// what there is now: read the difference.
const file = join(import.meta.dirname, 'operations.json')
const document = describedApi()
const every = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({
    call: `${method.toUpperCase()} ${path}`,
    path,
    operation,
  })),
)

/** Held against the schema of OpenAPI 3.1 with that of its JSON Schema dialect, by another implementation than answers are. */
function faultsOf(instance: unknown) {
  const plain = JSON.parse(JSON.stringify(instance))
  return validate('https://spec.openapis.org/oas/3.1/schema-base', plain, 'BASIC').then(
    ({ errors = [] }) => errors.map(({ instanceLocation }) => instanceLocation),
    (error: Error) => [error.message],
  )
}

describe('the OpenAPI document', () => {
  it('is one, to a validator that knows nothing of how it is made', async () => {
    expect(await faultsOf(document)).toEqual([])
  })

  it('refers to nothing that is not in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = '']) => to)
    const found = (pointer: string) =>
      pointer
        .split('/')
        .slice(1)
        .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document)
    expect(references.length).toBeGreaterThan(100)
    expect(references.filter((to) => !to.startsWith('#/') || found(to) === undefined)).toEqual([])
  })

  it('would not be one with a fault in a schema', async () => {
    const { openapi, info } = document
    const faulty = { openapi, info, components: { schemas: { Problem: { type: 'objekt' } } } }
    expect(await faultsOf(faulty)).not.toEqual([])
  })

  it('names each operation once, as it always has', () => {
    const named = Object.fromEntries(
      every
        .map(({ operation, call }) => [operation.operationId, call])
        .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    )
    if (process.env.UPDATE_OPERATIONS === '1') writeFileSync(file, `${JSON.stringify(named, null, 2)}\n`)
    expect(operationsById(document).size).toBe(every.length)
    expect(named).toEqual(JSON.parse(readFileSync(file, 'utf8')))
  })

  it.each(every.map(({ call, ...each }) => [call, each] as const))('describes what its path names: %s', (_, each) => {
    const named = [...each.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const described = each.operation.parameters.filter((parameter) => parameter.in === 'path')
    expect(described.map(({ name }) => name)).toEqual(named)
    expect([each.operation.summary.length > 5, each.operation.tags.length]).toEqual([true, 1])
  })

  const answers = every.flatMap(({ operation }) =>
    Object.entries(operation.responses).flatMap(([status, response]) => {
      const { content = {} } = response as { readonly content?: Record<string, { schema?: object; example?: unknown }> }
      const shown = content['application/json'] ?? {}
      return shown.schema === undefined ? [] : [{ operation, status: Number(status), ...shown, schema: shown.schema }]
    }),
  )

  it('gives an example of every answer, which is one', () => {
    const ajv = new Ajv2020({ strict: false, logger: false })
    addFormats.default(ajv)
    const given = answers.filter(({ example }) => example !== undefined)
    const faulty = given.flatMap(({ operation: { operationId }, status, schema, example }) =>
      ajv.validate({ ...schema, components: document.components }, example)
        ? []
        : [`${operationId} ${status} ${ajv.errorsText()}`],
    )
    expect(faulty).toEqual([])
    const lacking = answers.filter(({ status, example }) => status < 400 && example === undefined)
    expect(lacking.map(({ operation: { operationId }, status }) => `${operationId} ${status}`)).toEqual([])
    expect(ajv.validate({ ...answers[0]?.schema, components: document.components }, {})).toBe(false)
  })

  it('gives an example of a refusal wherever fields can be misspelled, as they are refused', () => {
    const shown = new Map(
      answers.map(({ operation, status, example }) => [`${operation.operationId} ${status}`, example]),
    )
    const reading = everyOperation().filter(({ query, body }) => query !== undefined || body?.kind === 'fields')
    expect(reading.length).toBeGreaterThan(100)
    for (const { operationId } of reading) {
      const problem = shown.get(`${operationId} 400`) as { code: string; errors: object; detail: string } | undefined
      expect([operationId, problem?.code]).toEqual([operationId, 'INPUT_MALFORMED'])
      expect([operationId, Object.keys(problem?.errors ?? {})]).toEqual([
        operationId,
        expect.arrayContaining(['exmaple']),
      ])
    }
  })

  const reading = everyOperation().flatMap(({ operationId, body }) => {
    const json = operationsById(document).get(operationId)?.requestBody?.content['application/json']
    return body?.kind === 'fields' && json !== undefined ? [{ operationId, body, json }] : []
  })
  it.each(reading.map(({ operationId, ...each }) => [operationId, each] as const))(
    'gives an example that is taken, where something must be given: %s',
    (_, { body: { schema }, json }) => {
      const isNeeded = !schema.safeParse({}).success
      expect('example' in json).toBe(isNeeded)
      const read = isNeeded ? () => readFields(schema, treeOfJson(json.example), 'json') : () => undefined
      expect(read).not.toThrow()
    },
  )
})
