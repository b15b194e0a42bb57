import type { Denial, UserId } from '../domain/index.ts'
import type { ApprovalView } from '../projections/index.ts'
import { builder } from './builder.ts'
import { DenialKindRef } from './enums.ts'
import { PrincipalReferenceRef } from './principal-reference.ts'
import { GrantRef, UserRef } from './refs.ts'

/** An approval, and whether it counts. */
export const ApprovalRef = builder.objectRef<ApprovalView>('Approval').implement({
  description: 'A person agreed.',
  fields: (t) => ({
    approver: t.field({ type: UserRef, nullable: true, resolve: ({ approver }) => approver }),
    through: t.field({
      type: [PrincipalReferenceRef],
      description:
        'The approvers of the policy that named the person then: the user, or groups whose member they were.',
      resolve: ({ through }) => [...through],
    }),
    planDigest: t.exposeString('planDigest', { description: 'The plan that was agreed to.' }),
    comment: t.exposeString('comment', { nullable: true }),
    approvedAt: t.expose('approvedAt', { type: 'DateTime' }),
    grant: t.field({
      type: GrantRef,
      nullable: true,
      description: 'The grant by which it was given in advance. Null: the person approved by hand.',
      resolve: ({ grantId }) => grantId ?? null,
    }),
    counts: t.exposeBoolean('counts', { description: 'Whether it counts towards the quorum.' }),
  }),
})

/** The end of a request by a denial or a deadline. */
export const DenialRef = builder.objectRef<Denial & { readonly deniedAt: string }>('Denial').implement({
  description: 'Why nothing will be signed: a person said no, or the deadline passed.',
  fields: (t) => ({
    kind: t.expose('kind', { type: DenialKindRef }),
    approver: t.field({
      type: UserRef,
      nullable: true,
      resolve: (denial) => (denial.kind === 'denied' ? denial.approver : null),
    }),
    comment: t.string({
      nullable: true,
      resolve: (denial) => (denial.kind === 'denied' ? denial.comment : null),
    }),
    deadline: t.field({
      type: 'DateTime',
      nullable: true,
      resolve: (denial) => (denial.kind === 'expired' ? denial.deadline : null),
    }),
    deniedAt: t.expose('deniedAt', { type: 'DateTime' }),
  }),
})

/** The end of a request by who called it off. */
export const CancellationRef = builder
  .objectRef<{ readonly canceledBy: UserId | null; readonly reason: string | null; readonly canceledAt: string }>(
    'Cancellation',
  )
  .implement({
    description: 'The request was called off.',
    fields: (t) => ({
      canceledBy: t.field({
        type: UserRef,
        nullable: true,
        description: 'Null when the service did: the request was not final by its `cancelAt`.',
        resolve: ({ canceledBy }) => canceledBy,
      }),
      reason: t.exposeString('reason', { nullable: true }),
      canceledAt: t.expose('canceledAt', { type: 'DateTime' }),
    }),
  })
