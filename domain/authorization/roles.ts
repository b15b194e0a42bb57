/** Roles that hold for the whole organization. A user without one is a Regular User. */
export const globalRoles = [
  'globalAdministrator',
  'certificateAdministrator',
  'userAdministrator',
  'projectAdministrator',
  'globalReader',
] as const

/** A role that holds for the whole organization. */
export type GlobalRole = (typeof globalRoles)[number]
