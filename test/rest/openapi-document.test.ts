import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from '@hyperjump/json-schema/openapi-3-1'
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
