import { z } from 'zod'
import { type FileFields, namesOrganization, type Operation, type OperationAnswer } from '../operation.ts'
import type { Problem } from '../problem-form.ts'
import { answerOf, exampleOf } from './example.ts'
import { withNamedSchemas } from './named-schemas.ts'
import { malformedExample } from './refusal-example.ts'
import { byStatus, refusalsOf } from './refusals.ts'

/** An OpenAPI 3.1 document, as far as its own parts are concerned; schemas are JSON Schema of the draft 2020-12. */
export type OpenApiDocument = {
  readonly openapi: '3.1.1'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string }[]
  readonly security: readonly object[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>
  readonly components: { readonly securitySchemes: object; readonly schemas: Readonly<Record<string, object>> }
}

/** An operation in the document. */
export type DocumentedOperation = {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly security?: readonly object[]
  /** The permission that it needs, as `docs/decisions/authorization.md` names it. */
  readonly 'x-permission'?: string
  /** Codes of problems that it may answer; with the statuses they stand in the responses. */
  readonly 'x-refusals': readonly string[]
  readonly parameters: readonly DocumentedParameter[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, { readonly schema: object; readonly example?: unknown }>>
  }
  readonly responses: Readonly<Record<string, object>>
}

/** A parameter in the document. */
export type DocumentedParameter = {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly schema: object
}

/** Describes operations, from the schemas that check their input. */
export function openApiDocument(
  operations: readonly Operation[],
  { serverUrl, version }: { readonly serverUrl: string; readonly version: string },
): OpenApiDocument {
  const paths: Record<string, Record<string, DocumentedOperation>> = {}
  for (const each of operations)
    paths[each.path] = { ...paths[each.path], [each.method.toLowerCase()]: described(each) }
  const schemas = { Problem: jsonSchema(problemSchema, 'output') }
  const placed = withNamedSchemas(paths, schemas)
  return {
    openapi: '3.1.1',
    info: {
      title: 'Countersign',
      version,
      description:
        'The HTTP API. Paths and names of fields are matched without regard to case; in forms, dots and brackets in names are equal.',
    },
    servers: [{ url: serverUrl }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{ apiToken: [] }],
    paths: placed,
    components: {
      securitySchemes: {
        apiToken: {
          type: 'http',
          scheme: 'bearer',
          description:
            'An API token; from a trusted build system `<API token>:<token of the build system>`. In its place the identity token of a CI job, where a link with its build system names a submitter; addresses without an organization are then called with its id in the header `Countersign-Organization`.',
        },
      },
      schemas,
    },
  }
}

/** An error (RFC 9457), as every operation may answer it. */
const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string().meta({ description: 'Stable; docs/error-codes.md says what each means.' }),
  details: z.record(z.string(), z.unknown()).optional(),
  errors: z.record(z.string(), z.array(z.string())).optional(),
  correlationId: z.string().optional(),
})

function described(each: Operation): DocumentedOperation {
  const isOpen = each.access === 'everybody'
  const refusals = refusalsOf(each)
  const malformed = malformedExample(each)
  return {
    operationId: each.operationId,
    tags: [each.tag],
    summary: each.summary,
    ...(each.description === undefined ? {} : { description: each.description }),
    ...(isOpen ? { security: [] } : { 'x-permission': each.access }),
    'x-refusals': refusals,
    parameters: [...pathParameters(each), ...queryParameters(each), ...headerParameters(each)],
    ...requestBody(each),
    responses: {
      ...Object.fromEntries(Object.entries(each.answers).map(([status, answer]) => [status, response(answer)])),
      ...Object.fromEntries(
        byStatus(refusals).map(([status, codes]) => [status, refusal(each, status, codes, malformed)]),
      ),
      default: problemResponse('The request could not be answered now, or failed.', ofForm(each), {}, ofForm(each)),
    },
  }
}

const anyProblem = { $ref: '#/components/schemas/Problem' }

/** Clients that know what a problem is ask for it by its own type. */
function problemResponse(description: string, schema: object, example: object = {}, own: object = anyProblem): object {
  const content = { 'application/json': { schema, ...example }, 'application/problem+json': { schema: own } }
  return { description, content }
}

/** A problem as the clients of an operation read it. */
function ofForm({ problem }: Operation): object {
  return problem === undefined ? anyProblem : jsonSchema(problemSchema.extend(problem.schema.shape), 'output')
}

/** What is wrong with the identity token of a job, in place of an API token: the same codes as of one that comes with a submission. */
const ofTokensOfJobs = /^(IDENTITY_TOKEN|ORIGIN)_[A-Z_]+$/

/** @param example of a refusal, where it is one of this status */
function refusal(each: Operation, status: number, codes: readonly string[], example: Problem | undefined): object {
  const further = each.problem?.furtherCodes ?? (status === 401 ? ofTokensOfJobs : undefined)
  const code = further === undefined ? { enum: codes } : { anyOf: [{ enum: codes }, { pattern: further.source }] }
  const own = { properties: { status: { const: status }, code } }
  const shown = example?.status === status ? { example: { ...example, ...each.problem?.describe(example) } } : {}
  return problemResponse('The request was refused.', { allOf: [ofForm(each), own] }, shown, ofForm(each))
}

function pathParameters({ path, parameters }: Operation): readonly DocumentedParameter[] {
  const shape: Readonly<Record<string, z.ZodType>> = {
    ...parameters?.shape,
    ...(namesOrganization({ path })
      ? {
          organizationId: z
            .uuid()
            .meta({ description: 'The organization of your token. Any other id is answered with the right one.' }),
        }
      : {}),
  }
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: jsonSchema(shape[name] ?? z.string(), 'input'),
  }))
}

function queryParameters({ query }: Operation): readonly DocumentedParameter[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: !isOptional(schema as z.ZodType),
    schema: jsonSchema(schema as z.ZodType, 'input'),
  }))
}

function headerParameters({ method, access, body }: Operation): readonly DocumentedParameter[] {
  if (method === 'GET' || access === 'everybody' || body?.kind === 'file') return []
  const description =
    'What the client calls this call: sent again by the same name within a day, it has no second effect.'
  const schema = { type: 'string', minLength: 1, maxLength: 128 }
  return [{ name: 'Idempotency-Key', in: 'header', required: false, description, schema }]
}

function requestBody({ body }: Operation): Pick<DocumentedOperation, 'requestBody'> {
  if (body === undefined) return {}
  const binary = { type: 'string', format: 'binary' }
  if (body.kind === 'file') {
    const form = { type: 'object', properties: { file: binary }, required: ['file'] }
    const content = { 'application/octet-stream': { schema: binary }, 'multipart/form-data': { schema: form } }
    return { requestBody: { required: true, content } }
  }
  const schema = jsonSchema(body.schema, 'input')
  const { files } = body
  const needsFile = Object.values(files ?? {}).some(({ isRequired }) => isRequired)
  const form = files === undefined ? schema : withFiles(schema, files)
  // What may be left out whole needs no example.
  const example =
    (schema as { readonly required?: unknown }).required === undefined ? {} : { example: exampleOf(schema) }
  const content = {
    'multipart/form-data': { schema: form },
    ...(!needsFile && { 'application/json': { schema, ...example }, 'application/x-www-form-urlencoded': { schema } }),
  }
  return { requestBody: { required: needsFile || !body.schema.safeParse({}).success, content } }
}

function withFiles(schema: object, files: FileFields): object {
  const { properties = {}, required = [] } = schema as { properties?: object; required?: readonly string[] }
  const described = Object.entries(files).map(([name, { description }]) => [
    name,
    { type: 'string', format: 'binary', description },
  ])
  const needed = Object.entries(files).filter(([, { isRequired }]) => isRequired)
  return {
    ...schema,
    properties: { ...properties, ...Object.fromEntries(described) },
    required: [...required, ...needed.map(([name]) => name)],
  }
}

function response(answer: OperationAnswer): object {
  const headers = Object.entries(answer.headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ])
  return {
    description: answer.description,
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    ...('schema' in answer
      ? { content: { 'application/json': shownAnswer(jsonSchema(answer.schema, 'output')) } }
      : {}),
    ...('mediaType' in answer ? { content: { [answer.mediaType]: {} } } : {}),
  }
}

function shownAnswer(schema: object): object {
  return { schema, example: answerOf(schema) }
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' })
  return described
}

function isOptional(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success
}
