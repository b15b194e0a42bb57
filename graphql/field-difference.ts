import { visibleChanges } from '../application/index.ts'
import type { UserId } from '../domain/index.ts'
import type { FieldDifference } from '../projections/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { personLookUps } from './person.ts'

const FieldDifferenceKindRef = builder.enumType('FieldDifferenceKind', {
  description: 'What became of a field.',
  values: { added: { value: 'added' }, removed: { value: 'removed' }, changed: { value: 'changed' } } as const,
})

/** A field that two states differ in. */
export const FieldDifferenceRef = builder.objectRef<FieldDifference>('FieldDifference').implement({
  description: 'A field that two states of an entity differ in.',
  fields: (t) => ({
    path: t.exposeString('path', {
      description:
        'Names of fields from the outermost on, such as `settings.approval.requiredApprovals`. An element of a list that has an id stands behind the list, as `tokens[<id>]`; others come to the list, or go.',
    }),
    kind: t.expose('kind', { type: FieldDifferenceKindRef }),
    before: t.field({ type: 'JSON', nullable: true, resolve: ({ before }) => before ?? null }),
    after: t.field({ type: 'JSON', nullable: true, resolve: ({ after }) => after ?? null }),
  }),
})

/** {@link visibleChanges} to who asks. */
export function visibleDifferences(
  differences: readonly FieldDifference[],
  ofUser: UserId | null,
  context: GraphQLContext,
): Promise<FieldDifference[]> {
  return visibleChanges(differences, ofUser, context.caller, personLookUps(context))
}
