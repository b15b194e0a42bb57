import type { GroupId, UserId } from './ids.ts'

/**
 * Who is named somewhere, as a submitter or approver for example: one user, or everybody who is a member of a group when
 * something is decided. Copies of it keep the group's id, never its members.
 */
export type PrincipalReference = { readonly user: UserId } | { readonly group: GroupId }

/** A user at the moment of a decision, as far as references can name them. */
export type ReferencedUser = {
  readonly userId: UserId
  /** The groups whose member the user is, as far as the decision asks about them. */
  readonly groups: readonly GroupId[]
}

/** Those of the references that name the user, themselves or through a group; empty when none does. */
export function referencesTo(
  references: readonly PrincipalReference[],
  { userId, groups }: ReferencedUser,
): readonly PrincipalReference[] {
  return references.filter((each) => ('user' in each ? each.user === userId : groups.includes(each.group)))
}

/** The groups that the references name, each once. */
export function groupsNamed(references: readonly PrincipalReference[]): readonly GroupId[] {
  return [...new Set(references.flatMap((each) => ('group' in each ? [each.group] : [])))]
}

/** The users that the references name themselves, each once. */
export function usersNamed(references: readonly PrincipalReference[]): readonly UserId[] {
  return [...new Set(references.flatMap((each) => ('user' in each ? [each.user] : [])))]
}

/** A text that two references share exactly when they name the same: `user-<id>` or `group-<id>`. */
export function referenceKey(reference: PrincipalReference): string {
  return 'user' in reference ? `user-${reference.user}` : `group-${reference.group}`
}
