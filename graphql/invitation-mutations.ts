import type { InvitedUser } from '../application/index.ts'
import { builder } from './builder.ts'
import { ControlledChangeRef } from './controlled-change.ts'
import { GlobalRoleRef } from './enums.ts'
import { onceProjected } from './once-projected.ts'
import { basedOnRevisionDescription, UserChangeRef, UserPayloadRef, userIdOf } from './user-change.ts'

const InvitationPayloadRef = builder.objectRef<InvitedUser>('InvitationPayload').implement({
  description: 'A person who was invited.',
  interfaces: [UserChangeRef, ControlledChangeRef],
  isTypeOf: () => true,
  fields: (t) => ({
    invitationId: t.exposeID('invitationId', { description: 'UUID.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'From when on it cannot be accepted.' }),
    token: t.exposeString('token', {
      nullable: true,
      description:
        'What accepts the invitation, once. It is shown this once, and kept nowhere; whoever has it is the user. Null where the invitation is mailed to the address.',
    }),
  }),
})

const InviteUserInput = builder.inputType('InviteUserInput', {
  fields: (t) => ({
    email: t.string({ required: true, description: 'Each user of an organization has one of their own.' }),
    name: t.string({ description: 'What stands before the @ of the address when absent.' }),
    roles: t.field({ type: [GlobalRoleRef], description: 'None when absent.' }),
  }),
})

const InvitationInput = builder.inputType('InvitationInput', {
  fields: (t) => ({
    userId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ description: basedOnRevisionDescription }),
  }),
})

builder.mutationFields((t) => ({
  inviteUser: t.field({
    type: InvitationPayloadRef,
    description:
      'Invites a person, who can do nothing before they have accepted. Where changes of roles are controlled, those of the invitation are proposed.',
    args: { input: t.arg({ type: InviteUserInput, required: true }) },
    resolve: (_root, { input: { email, name, roles } }, context) =>
      onceProjected(
        context,
        context.application.inviteUser(context.caller, { email, name: name ?? null, roles: roles ?? [] }),
      ),
  }),
  resendInvitation: t.field({
    type: InvitationPayloadRef,
    description: 'Makes another invitation for who has not accepted yet. The one before is dead at once.',
    args: { input: t.arg({ type: InvitationInput, required: true }) },
    resolve: (_root, { input: { userId, basedOnRevision = null } }, context) =>
      onceProjected(
        context,
        context.application.resendInvitation(context.caller, { userId: userIdOf(userId), basedOnRevision }),
      ),
  }),
  revokeInvitation: t.field({
    type: UserPayloadRef,
    description: 'Ends an invitation, at once. The user stays, and can be invited again.',
    args: { input: t.arg({ type: InvitationInput, required: true }) },
    resolve: (_root, { input: { userId, basedOnRevision = null } }, context) =>
      onceProjected(
        context,
        context.application.revokeInvitation(context.caller, { userId: userIdOf(userId), basedOnRevision }),
      ),
  }),
}))
