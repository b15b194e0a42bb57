import { z } from 'zod'
import type { GroupId, PrincipalReference, UserId } from '../../domain/index.ts'
import { idSchema } from './change.ts'

/** Who is named somewhere: a user, or a group for whoever is a member when something is decided. */
export const principalSchema = z.union([
  z.object({ user: idSchema<UserId>() }),
  z.object({ group: idSchema<GroupId>() }),
])

/** Several of them. */
export const principalsSchema = z.array(principalSchema)

/** As answers name them. */
export const shownPrincipals = z.array(z.union([z.object({ user: z.uuid() }), z.object({ group: z.uuid() })]))

/** References for an answer. */
export function showPrincipals(references: readonly PrincipalReference[]) {
  return references.map((each) => ('user' in each ? { user: each.user as string } : { group: each.group as string }))
}
