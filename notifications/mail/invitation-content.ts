import { type Instant, type InvitationId, organizationDecider, streams, type User } from '../../domain/index.ts'
import type { MailContent } from './mail-content.ts'
import { type MailSources, stateOf } from './mail-sources.ts'

/** Makes the token of an invitation again, by the hash that the log has; `undefined` when its key is not there any more. */
export type FindInvitationToken = (
  userId: User['userId'],
  invitationId: InvitationId,
  tokenHash: string,
) => string | undefined

/**
 * What the mail says that invites a person. Nothing in it was chosen by whoever invites but the organization's name, so that
 * the service is no way to send texts to strangers.
 *
 * @returns `undefined` when the invitation cannot be accepted any more
 */
export async function invitationContent(
  sources: MailSources,
  user: User,
  {
    invitationId,
    findToken,
    now,
  }: {
    readonly invitationId: InvitationId
    readonly findToken: FindInvitationToken
    readonly now: Instant
  },
): Promise<MailContent | undefined> {
  const invitation = user.invitations.find((each) => each.invitationId === invitationId)
  if (user.status !== 'invited' || invitation?.status !== 'open' || invitation.expiresAt <= now) return undefined
  const token = findToken(user.userId, invitationId, invitation.tokenHash)
  if (token === undefined) return undefined
  const organization = await stateOf(sources, streams.organization(user.organizationId), organizationDecider)
  const name = organization.status === 'none' ? 'an organization' : organization.name
  return {
    subject: `Invitation to sign software with ${name}`,
    headline: `You are invited to the code-signing service of ${name}.`,
    facts: [
      ['Service', sources.publicUrl()],
      ['Works until', invitation.expiresAt],
    ],
    advice: [
      'To accept, run the command below and paste the token when it is asked for. It prints your first API token.',
      `countersign user accept-invitation --url ${sources.publicUrl()}`,
      'Whoever has this token can accept: pass it on to nobody. If you expected no invitation, do nothing.',
    ],
    copied: token,
  }
}
