import type { z } from 'zod'
import { Refusal } from '../../domain/index.ts'
import { treeOfFields } from '../forms/field-tree.ts'
import { readFields } from '../forms/read-fields.ts'
import type { Operation } from '../operation.ts'
import { problemOf } from '../problem.ts'
import type { Problem } from '../problem-form.ts'

/** What nobody calls a field. */
const misspelled = 'exmaple'

/**
 * How an operation refuses a field that it does not know, in what it takes: made by what reads calls. Nothing where it takes neither a
 * query nor fields of a body.
 */
export function malformedExample({ query, body }: Operation): Problem | undefined {
  const schema: z.ZodType | undefined = body?.kind === 'fields' ? body.schema : query
  if (schema === undefined) return undefined
  try {
    readFields(schema, treeOfFields([[misspelled, 'text']]), 'text')
  } catch (error) {
    if (error instanceof Refusal) return problemOf(error, '')
    throw error
  }
  return undefined
}
