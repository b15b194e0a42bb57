import { asOf } from './as-of.ts'
import type { QueryFieldBuilder } from './builder.ts'
import { minimumPosition } from './minimum-position.ts'

/** The arguments of a root query field that shows one entity by its id. */
export function entityArguments(t: QueryFieldBuilder) {
  return {
    id: t.arg.id({ required: true, description: 'UUID or node id.' }),
    asOf: asOf(t),
    minimumPosition: minimumPosition(t),
  }
}
