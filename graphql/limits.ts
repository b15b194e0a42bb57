import { createComplexityRule } from '@pothos/plugin-complexity'
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  type ParseOptions,
  parse,
  type Source,
  validate,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'

/** How much one operation may ask for. */
export type Limits = {
  /** Levels of fields below the operation. */
  readonly depth: number
  /** One for every field; what stands below a list counts as often as the list may have items. */
  readonly cost: number
  /** Fields that the operation names, fragments and aliases counted wherever they are used. */
  readonly fields: number
  /** Tokens of the document. */
  readonly tokens: number
}

/** Enough for a page of a hundred requests with everything that is shown of them. */
export const defaultLimits: Limits = { depth: 12, cost: 20_000, fields: 600, tokens: 4_000 }

type Execution = {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  readonly variableValues?: unknown
  readonly operationName?: unknown
}

/**
 * Refuses operations that ask for too much before anything of them is executed, whatever way they came.
 *
 * Errors: `QUERY_TOO_LONG` (tokens), `QUERY_TOO_DEEP`, `QUERY_TOO_COSTLY` (cost and fields); `details` has the limit and
 * what the operation has.
 */
export function limitOperations(limits: Limits): Plugin {
  return {
    onParse: ({ setParseFn }) => {
      setParseFn((source, options) => parseBounded(source, options, limits.tokens))
    },
    onExecute: ({ args, setResultAndStopExecution }) => {
      const errors = excesses(args, limits)
      if (errors.length > 0) setResultAndStopExecution({ errors })
    },
    onSubscribe: ({ args, setResultAndStopExecution }) => {
      const errors = excesses(args, limits)
      if (errors.length > 0) setResultAndStopExecution({ errors })
    },
  }
}

function parseBounded(source: string | Source, options: ParseOptions | undefined, maximum: number): DocumentNode {
  try {
    return parse(source, { ...options, maxTokens: maximum })
  } catch (error) {
    if (error instanceof GraphQLError && error.message.includes('Parsing aborted'))
      throw excess('QUERY_TOO_LONG', `The document has more than ${maximum} tokens.`, { limit: maximum })
    throw error
  }
}

function excesses({ schema, document, variableValues, operationName }: Execution, limits: Limits): GraphQLError[] {
  const rule = createComplexityRule({
    context: {},
    variableValues: (variableValues ?? {}) as Record<string, unknown>,
    operationName: typeof operationName === 'string' ? operationName : null,
    validate: ({ depth, complexity, breadth }, report) => {
      if (depth > limits.depth)
        report(
          excess('QUERY_TOO_DEEP', `The operation is ${depth} levels deep; ${limits.depth} are allowed.`, {
            limit: limits.depth,
            actual: depth,
          }),
        )
      if (complexity > limits.cost)
        report(
          excess(
            'QUERY_TOO_COSTLY',
            `The operation costs ${complexity}; ${limits.cost} are allowed. Ask for fewer fields, or smaller pages (first, last).`,
            { limit: limits.cost, actual: complexity, measure: 'cost' },
          ),
        )
      if (breadth > limits.fields)
        report(
          excess('QUERY_TOO_COSTLY', `The operation names ${breadth} fields; ${limits.fields} are allowed.`, {
            limit: limits.fields,
            actual: breadth,
            measure: 'fields',
          }),
        )
    },
  })
  // What is wrong with variables, execution says itself.
  return validate(schema, document, [rule]).filter(({ extensions }) => extensions.code !== undefined)
}

function excess(code: string, message: string, details: Readonly<Record<string, string | number>>): GraphQLError {
  return new GraphQLError(message, { extensions: { code, details, http: { status: 400, spec: true } } })
}
