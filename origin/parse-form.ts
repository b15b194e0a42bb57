import type { ZodType } from 'zod'
import { schemaFaults } from '../domain/index.ts'

/** So many faults are named at once. */
const namedFaults = 5

/** A value in its form, or what is wrong with it and with which field first. */
export type Parsed<Value> = { readonly value: Value } | { readonly faults: readonly string[]; readonly field: string }

/**
 * Reads a value by the form that a connector has for it.
 *
 * @param name what the value is called where it was sent: `settings`, `build`
 */
export function parseForm<Value>(schema: ZodType<Value>, value: unknown, name: string): Parsed<Value> {
  const read = schema.safeParse(value)
  if (read.success) return { value: read.data }
  const fieldOf = (path: readonly PropertyKey[]) => [name, ...path.map(String)].join('.')
  const faults = schemaFaults(read.error, value)
  return {
    faults: faults.slice(0, namedFaults).map(({ path, message }) => `${fieldOf(path)}: ${message}`),
    field: fieldOf(faults[0]?.path ?? []),
  }
}
