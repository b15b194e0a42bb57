/** What stands in a document, as JSON has it. */
type Json = unknown

const local = '#/$defs/'
/** Where schemas with names stand in a document. */
const named = '#/components/schemas/'

/**
 * Puts schemas that have names where an OpenAPI document has them: what is written for one schema alone has them in its own `$defs`, to
 * which references from elsewhere in a document do not lead.
 *
 * @param schemas takes them in, by their names
 * @returns the same without them
 */
export function withNamedSchemas<Part extends Json>(part: Part, schemas: Record<string, Json>): Part {
  if (Array.isArray(part)) return part.map((each) => withNamedSchemas(each, schemas)) as Part
  if (typeof part !== 'object' || part === null) return part
  const { $defs = {}, ...rest } = part as { readonly $defs?: Readonly<Record<string, Json>> }
  for (const [name, schema] of Object.entries($defs)) {
    const placed = withNamedSchemas(schema, schemas)
    if (schemas[name] !== undefined && JSON.stringify(schemas[name]) !== JSON.stringify(placed))
      throw new Error(`Two schemas have the name ${name}.`)
    schemas[name] = placed
  }
  const members = Object.entries(rest).map(([name, value]) => [
    name,
    name === '$ref' && typeof value === 'string' && value.startsWith(local)
      ? `${named}${value.slice(local.length)}`
      : withNamedSchemas(value, schemas),
  ])
  return Object.fromEntries(members) as Part
}
