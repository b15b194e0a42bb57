import type { z } from 'zod'

/** What is wrong with a value, and where in it. */
export type SchemaFault = { readonly path: readonly PropertyKey[]; readonly message: string }

/**
 * What a schema found wrong with a value, in words that say what would be right. Of a value that fits none of several forms the schema
 * says only that it does not: here stands what is wrong with it in the form that was meant, as far as that can be told, and else what
 * each form asks for.
 */
export function schemaFaults(error: z.ZodError, value: unknown): readonly SchemaFault[] {
  return error.issues.flatMap((issue) => faultsOf(issue, valueAt(value, issue.path)))
}

/** What stands at a place of a value. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, name) => (at as Record<PropertyKey, unknown> | null | undefined)?.[name], root)
}

/** @param value what stands where the issue is */
function faultsOf(issue: z.core.$ZodIssue, value: unknown): readonly SchemaFault[] {
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input' || issue.errors.length === 0) return [issue]
  const forms = issue.errors.map((issues) => issues.flatMap((each) => faultsOf(each, valueAt(value, each.path))))
  const distances = forms.map((faults) => distanceOf(faults, value))
  const least = Math.min(...distances)
  const [meant = [], ...others] = forms.filter((_, index) => distances[index] === least)
  if (others.length === 0 && value !== undefined)
    return meant.map(({ path, message }) => ({ path: [...issue.path, ...path], message }))
  const each = [...new Set(forms.map((faults) => faults.map((fault) => textOf(fault, value)).join(' and ')))]
  return [{ path: issue.path, message: `must have one of these forms: ${each.join('; or ')}` }]
}

/** How far a value is from a form: it is of another kind altogether, or lacks members, or what it has is wrong. */
function distanceOf(faults: readonly SchemaFault[], value: unknown): number {
  if (faults.some(({ path }) => path.length === 0)) return 2
  return faults.some(({ path }) => valueAt(value, path) === undefined) ? 1 : 0
}

function textOf({ path, message }: SchemaFault, value: unknown): string {
  if (path.length === 0) return message
  const said = valueAt(value, path) === undefined ? 'must be given' : message
  return `${path.map(String).join('.')}: ${said}`
}
