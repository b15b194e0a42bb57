import type { z } from 'zod'
import { Refusal, schemaFaults } from '../domain/index.ts'

/** A request whose fields do not have the right form, each with what is wrong with it. Code `INPUT_MALFORMED`. */
export class InvalidInput extends Refusal {
  /** Field → what is wrong with it, as existing clients of the API show it. */
  readonly errors: Readonly<Record<string, readonly string[]>>

  constructor(errors: Readonly<Record<string, readonly string[]>>) {
    const all = Object.entries(errors).flatMap(([field, messages]) => messages.map((each) => `${field}: ${each}`))
    super('INPUT_MALFORMED', `The request is malformed. ${all.join('; ')}`)
    this.errors = errors
  }
}

/**
 * Reads the fields of a request.
 *
 * @throws InvalidInput
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const errors: Record<string, string[]> = {}
  for (const { path, message } of schemaFaults(parsed.error, input)) {
    const field = path.join('.') || 'request'
    errors[field] = [...(errors[field] ?? []), message]
  }
  throw new InvalidInput(errors)
}
