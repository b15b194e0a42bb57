import { type DocumentedOperation, type OpenApiDocument, openApiDocument } from '../../rest/openapi/document.ts'
import type { Operation } from '../../rest/operation.ts'
import { operationsOf } from '../../rest/operations.ts'

/** Every operation, without a server: the schemas are all that is looked at. */
export function everyOperation(): readonly Operation[] {
  const nothing = {} as never
  return operationsOf({ application: nothing, publicUrl: 'https://signing.example.com' } as never, nothing)
}

/** The OpenAPI document of every operation. */
export function describedApi(): OpenApiDocument {
  return openApiDocument(everyOperation(), { serverUrl: 'https://signing.example.com', version: '0.0.0' })
}

/** A JSON Schema, as far as what stands in objects is concerned. */
export type JsonSchema = {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
}

/** Each operation by its id, and where it is called. */
export function operationsById({
  paths,
}: OpenApiDocument): ReadonlyMap<string, DocumentedOperation & { call: string }> {
  return new Map(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => [
        operation.operationId,
        { ...operation, call: `${method.toUpperCase()} ${path}` },
      ]),
    ),
  )
}

/** What an operation is called with: parameters and the fields of its body. */
export function inputsOf({ parameters, requestBody }: DocumentedOperation): Readonly<Record<string, JsonSchema>> {
  const body = requestBody?.content['multipart/form-data']?.schema as JsonSchema | undefined
  return {
    ...Object.fromEntries(parameters.map(({ name, schema }) => [name, schema as JsonSchema])),
    ...body?.properties,
  }
}

/** What stands in objects of a schema: in lists and unions what stands in theirs. */
export function membersOf(schema: JsonSchema | undefined): Readonly<Record<string, JsonSchema>> {
  const { properties = {}, items, anyOf = [] } = schema ?? {}
  return Object.assign({ ...properties }, items && membersOf(items), ...anyOf.map(membersOf))
}

/** The values that a schema names. */
export function valuesOf(schema: JsonSchema | undefined): readonly unknown[] {
  const { enum: values = [], items, anyOf = [], const: value } = schema ?? {}
  return [
    ...values,
    ...(value === undefined ? [] : [value]),
    ...(items ? valuesOf(items) : []),
    ...anyOf.flatMap(valuesOf),
  ]
}
