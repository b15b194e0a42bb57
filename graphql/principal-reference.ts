import { type PrincipalReference, Refusal } from '../domain/index.ts'
import { builder } from './builder.ts'
import { parseEntityId } from './global-id.ts'
import { GroupRef, UserRef } from './refs.ts'

/** Who is named somewhere. */
export const PrincipalReferenceRef = builder.objectRef<PrincipalReference>('PrincipalReference').implement({
  description: 'Who is named somewhere: a user, or a group for whoever is a member when something is decided.',
  fields: (t) => ({
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'Null where a group is named.',
      resolve: (reference) => ('user' in reference ? reference.user : null),
    }),
    group: t.field({
      type: GroupRef,
      nullable: true,
      description: 'Null where a user is named.',
      resolve: (reference) => ('group' in reference ? reference.group : null),
    }),
  }),
})

/** Who is to be named somewhere. */
export const PrincipalReferenceInput = builder.inputType('PrincipalReferenceInput', {
  description: 'Who is to be named: a user or a group, one of them.',
  fields: (t) => ({
    user: t.id({ description: 'UUID or node id.' }),
    group: t.id({ description: 'UUID or node id.' }),
  }),
})

type ReferenceInput = typeof PrincipalReferenceInput.$inferInput

/**
 * Those whom a list of an input names.
 *
 * @throws Refusal `ID_MALFORMED`, `ARGUMENTS_AMBIGUOUS` for one who is no user and no group, or both
 */
export function referencesOf(inputs: readonly ReferenceInput[]): readonly PrincipalReference[] {
  return inputs.map(({ user, group }) => {
    if (user != null && group == null) return { user: parseEntityId(user, 'User') }
    if (group != null && user == null) return { group: parseEntityId(group, 'Group') }
    throw new Refusal('ARGUMENTS_AMBIGUOUS', 'Name a user or a group in each reference, one of them.')
  })
}
