import type { InvitedUser } from '../../application/index.ts'

/** An invitation whose token was shown to whoever invited. @throws Error when it was mailed */
export async function shownInvitation(
  inviting: Promise<InvitedUser>,
): Promise<InvitedUser & { readonly token: string }> {
  const { token, ...invited } = await inviting
  if (token === null) throw new Error('The invitation was mailed.')
  return { ...invited, token }
}
