import type { ChangeDecided } from '../application/index.ts'
import { Refusal } from '../domain/index.ts'
import { builder } from './builder.ts'
import { ChangeControlInput } from './change-control.ts'
import { ControlledChangeRef } from './controlled-change.ts'
import { parseEntityId } from './global-id.ts'
import { onceProjected } from './once-projected.ts'
import { organizationPayload } from './organization-payload.ts'

const ChangeProposalPayloadRef = builder.objectRef<ChangeDecided>('ChangeProposalPayload').implement({
  description: 'A proposed change after what was said of it.',
  interfaces: [ControlledChangeRef],
  fields: (t) => ({ changeProposalId: t.exposeID('changeProposalId', { description: 'UUID.' }) }),
})

const ChangeControlPayloadRef = organizationPayload(
  'ChangeControlPayload',
  'The organization after a change of its change control, or after the proposal of one.',
)

const ApproveChangeInput = builder.inputType('ApproveChangeInput', {
  fields: (t) => ({
    changeProposalId: t.id({ required: true, description: 'UUID or node id.' }),
    comment: t.string(),
  }),
})

const RejectChangeInput = builder.inputType('RejectChangeInput', {
  fields: (t) => ({
    changeProposalId: t.id({ required: true, description: 'UUID or node id.' }),
    comment: t.string(),
  }),
})

const ChangeChangeControlInput = builder.inputType('ChangeChangeControlInput', {
  fields: (t) => ({
    changeControl: t.field({
      type: ChangeControlInput,
      description: 'Which approvals changes of rules need from now on. Null: none; it cannot be left out.',
    }),
    basedOnRevision: t.int({
      description: "The organization's `revision` that the change was made from; another one is `CHANGE_STALE`.",
    }),
  }),
})

builder.mutationFields((t) => ({
  approveChange: t.field({
    type: ChangeProposalPayloadRef,
    description: 'Agrees to a proposed change. With the last approval that it takes it is applied.',
    args: { input: t.arg({ type: ApproveChangeInput, required: true }) },
    resolve: (_root, { input: { changeProposalId, comment = null } }, context) =>
      onceProjected(
        context,
        context.application.approveChange(context.caller, {
          changeProposalId: parseEntityId(changeProposalId, 'ChangeProposal'),
          comment,
        }),
      ),
  }),
  rejectChange: t.field({
    type: ChangeProposalPayloadRef,
    description: 'Says no to a proposed change, which ends it; its author takes it back so.',
    args: { input: t.arg({ type: RejectChangeInput, required: true }) },
    resolve: (_root, { input: { changeProposalId, comment = null } }, context) =>
      onceProjected(
        context,
        context.application.rejectChange(context.caller, {
          changeProposalId: parseEntityId(changeProposalId, 'ChangeProposal'),
          comment,
        }),
      ),
  }),
  changeChangeControl: t.field({
    type: ChangeControlPayloadRef,
    description:
      'Says which approvals changes of rules need from now on. Where they need some already, this is proposed like any.',
    args: { input: t.arg({ type: ChangeChangeControlInput, required: true }) },
    resolve: (_root, { input: { changeControl, basedOnRevision = null } }, context) => {
      if (changeControl === undefined)
        throw new Refusal('ARGUMENTS_AMBIGUOUS', 'Say which approvals changes need: null ends change control.')
      const change = context.application.changeChangeControl(context.caller, { changeControl, basedOnRevision })
      return onceProjected(context, change)
    },
  }),
}))
