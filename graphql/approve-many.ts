import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import { type ApprovalAnswer, mostApprovals } from '../application/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import { builder } from './builder.ts'
import { parseEntityId } from './global-id.ts'
import { reached } from './minimum-position.ts'
import { ApproveInput } from './mutations.ts'
import { onceProjected } from './once-projected.ts'
import { SigningRequestRef } from './refs.ts'

type Reason = NonNullable<ApprovalAnswer['refusal']>

const ApprovalRefusalRef = builder.objectRef<Reason>('ApprovalRefusal').implement({
  description: 'Why an approval was not given.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description: 'Stable: the code that `approveSigningRequest` would be refused with.',
    }),
    message: t.exposeString('message'),
    details: t.expose('details', { type: 'JSON', description: 'Facts that a program can use.' }),
    transient: t.exposeBoolean('transient', {
      description: 'Whether the same approval may succeed later, without anything being changed.',
    }),
  }),
})

const ApprovalAnswerRef = builder.objectRef<ApprovalAnswer>('ApprovalAnswer').implement({
  description: 'What became of one approval of several.',
  fields: (t) => ({
    signingRequestId: t.exposeID('signingRequestId', { description: 'UUID.' }),
    position: t.expose('position', {
      type: 'LogPosition',
      nullable: true,
      description: 'Where the approval is in the log. Null when it was not given.',
    }),
    refusal: t.expose('refusal', { type: ApprovalRefusalRef, nullable: true, description: 'Null when it was given.' }),
    signingRequest: t.field({
      type: SigningRequestRef,
      nullable: true,
      description: 'The request with the approval in it. Null when it was not given.',
      resolve: async ({ signingRequestId, position }, _args, context) => {
        if (position === null) return null
        await reached(position, context)
        clearAllDataLoaders(context)
        return signingRequestId
      },
    }),
  }),
})

const PayloadRef = builder
  .objectRef<{ readonly answers: readonly ApprovalAnswer[]; readonly position: LogPosition | null }>(
    'ApproveSigningRequestsPayload',
  )
  .implement({
    description: 'What became of several approvals.',
    fields: (t) => ({
      answers: t.field({
        type: [ApprovalAnswerRef],
        description: 'One for each approval that was asked for, in their order.',
        resolve: ({ answers }) => [...answers],
      }),
      position: t.expose('position', {
        type: 'LogPosition',
        nullable: true,
        description: 'Where the last of the approvals is in the log. Null when none was given.',
      }),
    }),
  })

const ApproveManyInput = builder.inputType('ApproveSigningRequestsInput', {
  fields: (t) => ({
    approvals: t.field({
      type: [ApproveInput],
      required: true,
      description: `1 to ${mostApprovals} requests, each named once, with the digest of the plan that you looked at.`,
    }),
  }),
})

/** How much of an operation's cost each approval takes. */
const approvalCost = 35

builder.mutationField('approveSigningRequests', (t) =>
  t.field({
    type: PayloadRef,
    description:
      'Agrees to the plans of several requests, such as the builds of one release. Each is decided and answered by itself: some may be approved and others refused.',
    args: { input: t.arg({ type: ApproveManyInput, required: true }) },
    // As dear as that many mutations: an operation may have a few hundred of them.
    complexity: ({ input }) => ({ field: approvalCost * input.approvals.length, multiplier: 1 }),
    resolve: async (_root, { input }, context) => {
      const approvals = input.approvals.map(({ signingRequestId, planDigest, comment }) => ({
        signingRequestId: parseEntityId(signingRequestId, 'SigningRequest'),
        planDigest,
        comment: comment ?? null,
      }))
      const answers = await context.application.approveSigningRequests(context.caller, { approvals })
      const newest = answers
        .map(({ position }) => position)
        .filter((position) => position !== null)
        .toSorted()
        .at(-1)
      if (newest !== undefined) await onceProjected(context, Promise.resolve({ position: newest }))
      return { answers, position: newest ?? null }
    },
  }),
)
