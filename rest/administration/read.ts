import { z } from 'zod'
import { type Application, type Caller, logPositionForm } from '../../application/index.ts'
import { type Permission, Refusal } from '../../domain/index.ts'
import type { LogPosition } from '../../event-log/index.ts'
import { type Page, type PageRequest, parsePageRequest, type ReadModel } from '../../projections/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'

/** What reading operations are made with. */
export type Reading = { readonly application: Pick<Application, 'authorizeQuery'>; readonly readModel: ReadModel }

/** For how long an answer waits for the read model, in milliseconds. */
const timeoutMs = 5_000

const seen = {
  minimumPosition: z
    .string()
    .regex(logPositionForm, 'must be a position that this service gave out before')
    .optional()
    .meta({ description: 'Wait until what is read has the log up to here.' }),
}

/** What every entity of an answer says besides its own facts. */
export const recordedShape = {
  revision: z.int().meta({ description: 'Of its newest event: changes are based on it.' }),
  createdAt: z.string(),
  updatedAt: z.string(),
}

type Common<Schema extends z.ZodType, View> = {
  readonly operationId: string
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly permission: Permission
  /** Further codes with which it is refused; as of any operation. */
  readonly refusals?: readonly string[]
  readonly schema: Schema
  readonly show: (view: View, caller: Caller) => z.input<Schema> | Promise<z.input<Schema>>
}

/** An operation that answers a list in pages. */
export function list<
  Schema extends z.ZodType,
  View,
  Query extends z.ZodRawShape = Record<never, never>,
  Parameters extends z.ZodObject = z.ZodObject<Record<never, never>>,
>(
  { application, readModel }: Reading,
  definition: Common<Schema, View> & {
    readonly parameters?: Parameters
    readonly query?: Query
    readonly read: (
      caller: Caller,
      page: PageRequest,
      query: z.output<z.ZodObject<Query>>,
      parameters: z.output<Parameters>,
    ) => Promise<Page<View>>
  },
): Operation {
  const { operationId, path, tag, summary, permission, schema, show, parameters, read } = definition
  const filter = z.object(definition.query ?? ({} as Query))
  return operation({
    method: 'GET',
    path: `${organizationPath}${path}`,
    access: permission,
    operationId,
    tag,
    summary,
    ...further(definition),
    ...(parameters === undefined ? {} : { parameters }),
    query: z.object({
      ...definition.query,
      ...seen,
      first: z.int().min(0).max(100).optional().meta({ description: 'How many at the most; 50 when left out.' }),
      after: z.string().optional().meta({ description: 'The cursor nextCursor of the page before.' }),
    }),
    answers: {
      200: {
        description: 'A page.',
        schema: z.object({ items: z.array(schema), nextCursor: z.string().nullable() }),
      },
    },
    async handle({ caller, query, parameters: of }) {
      await application.authorizeQuery(caller, { query: operationId, permission })
      const { minimumPosition, first, after, ...rest } = query as Record<string, unknown>
      await reached(readModel, minimumPosition)
      const page = parsePageRequest({ first: first as number | undefined, after: after as string | undefined })
      const asked = filter.parse(rest) as z.output<z.ZodObject<Query>>
      const { items, hasNextPage } = await read(caller, page, asked, of as z.output<Parameters>)
      return {
        status: 200,
        body: {
          items: await Promise.all(items.map(({ item }) => show(item, caller))),
          nextCursor: hasNextPage ? (items.at(-1)?.cursor ?? null) : null,
        },
      } as never
    },
  })
}

/** An operation that answers one thing by its id. */
export function one<Schema extends z.ZodType, View, Parameters extends z.ZodObject>(
  { application, readModel }: Reading,
  definition: Common<Schema, View> & {
    readonly parameters: Parameters
    /** The code of what is not there, and what people call it. */
    readonly missing: readonly [code: string, what: string]
    readonly find: (caller: Caller, parameters: z.output<Parameters>) => Promise<View | undefined>
  },
): Operation {
  const { operationId, path, tag, summary, permission, schema, show, parameters, missing, find } = definition
  return operation({
    method: 'GET',
    path: `${organizationPath}${path}`,
    access: permission,
    operationId,
    tag,
    summary,
    ...further(definition),
    parameters,
    query: z.object(seen),
    answers: { 200: { description: 'As it is now.', schema } },
    async handle(call) {
      await application.authorizeQuery(call.caller, { query: operationId, permission })
      await reached(readModel, call.query.minimumPosition)
      const view = await find(call.caller, call.parameters)
      if (view === undefined) throw new Refusal(missing[0], `There is no ${missing[1]} of this id.`)
      return { status: 200, body: await show(view, call.caller) } as never
    },
  })
}

function further({ description, refusals }: { readonly description?: string; readonly refusals?: readonly string[] }) {
  return { ...(description === undefined ? {} : { description }), ...(refusals === undefined ? {} : { refusals }) }
}

async function reached(readModel: ReadModel, position: unknown): Promise<void> {
  if (typeof position === 'string') await readModel.waitFor(position as LogPosition, { timeoutMs })
}
