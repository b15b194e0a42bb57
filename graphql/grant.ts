import { type GrantUseView, type GrantView, grantStatuses, parsePageRequest } from '../projections/index.ts'
import { listAsOf } from './as-of.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { EntityRef } from './entity.ts'
import { entityArguments } from './entity-arguments.ts'
import { parseEntityId } from './global-id.ts'
import { minimumPosition } from './minimum-position.ts'
import { foldingCost } from './query-cost.ts'
import { GrantRef, ProjectRef, SigningPolicyRef, SigningRequestRef, UserRef } from './refs.ts'

const described: Readonly<Record<GrantView['status'], string>> = {
  notYetInForce: 'Its window has not begun.',
  inForce: 'It approves requests that it is for.',
  usedUp: 'It was for no more requests than it was used for.',
  over: 'Its window is over.',
  revoked: 'It was taken back. What was approved by it and not signed then is not signed by that approval.',
}

const GrantStatusRef = builder.enumType('GrantStatus', {
  description: 'Where a grant stands.',
  values: Object.fromEntries(
    grantStatuses.map((status) => [status, { value: status, description: described[status] }]),
  ) as Record<GrantView['status'], { value: GrantView['status']; description: string }>,
})

const GrantUseRef = builder.objectRef<GrantUseView>('GrantUse').implement({
  description: 'A use of a grant, reserved for a request. Its approval follows, unless the request ends before.',
  fields: (t) => ({
    signingRequest: t.field({
      type: SigningRequestRef,
      nullable: true,
      resolve: ({ signingRequestId }) => signingRequestId,
    }),
    usedAt: t.expose('usedAt', { type: 'DateTime' }),
  }),
})

type Revocation = NonNullable<GrantView['revocation']> & { readonly revokedAt: string }

const GrantRevocationRef = builder.objectRef<Revocation>('GrantRevocation').implement({
  description: 'That a grant was taken back.',
  fields: (t) => ({
    revokedBy: t.field({ type: UserRef, nullable: true, resolve: ({ revokedBy }) => revokedBy }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime' }),
    reason: t.exposeString('reason', { nullable: true }),
  }),
})

GrantRef.implement({
  description: 'An approval in advance: each use is an approval of its giver in the history of a request.',
  interfaces: [EntityRef],
  fields: (t) => ({
    grantId: t.exposeID('grantId', { description: 'UUID.' }),
    status: t.expose('status', { type: GrantStatusRef, description: 'At the moment of the answer.' }),
    giver: t.field({ type: UserRef, nullable: true, resolve: ({ giver }) => giver }),
    project: t.field({ type: ProjectRef, nullable: true, resolve: ({ projectId }) => projectId }),
    signingPolicy: t.field({
      type: SigningPolicyRef,
      nullable: true,
      resolve: ({ signingPolicyId }) => signingPolicyId,
    }),
    signingPolicyVersion: t.exposeInt('signingPolicyVersion', {
      description: 'In force when it was given. It approves nothing once the policy demands anything else.',
    }),
    certificateThumbprint: t.exposeString('certificateThumbprint', {
      description:
        'SHA-256 of the certificate that the policy signed with then, DER. It approves no signature by another.',
    }),
    from: t.expose('from', { type: 'DateTime' }),
    until: t.expose('until', { type: 'DateTime', description: 'Exclusive.' }),
    maximumRequests: t.exposeInt('maximumRequests'),
    fileNames: t.exposeStringList('fileNames', { description: 'Globs of the file name: one must match.' }),
    versions: t.exposeStringList('versions', {
      description: 'Globs of the version that the submission says: one must match. Empty: it does not matter.',
    }),
    branches: t.exposeStringList('branches', {
      description: 'Globs of the branch that the origin names: one must match. Empty: it does not matter.',
    }),
    comment: t.exposeString('comment', { nullable: true }),
    uses: t.field({
      type: [GrantUseRef],
      description: 'In the order in which they were reserved.',
      resolve: ({ uses }) => [...uses],
    }),
    revocation: t.field({
      type: GrantRevocationRef,
      nullable: true,
      description: 'Null unless it was taken back.',
      resolve: ({ revocation, revokedAt, updatedAt }) =>
        revocation === null ? null : { ...revocation, revokedAt: revokedAt ?? updatedAt },
    }),
  }),
})

builder.queryFields((t) => ({
  grant: t.field({
    type: GrantRef,
    nullable: true,
    complexity: foldingCost,
    args: entityArguments(t),
    resolve: (_root, { id }) => parseEntityId(id, 'Grant'),
  }),
  grants: t.connection(
    {
      type: GrantRef,
      description: 'Newest first.',
      args: {
        signingPolicy: t.arg.id({ description: 'Only for this signing policy: UUID or node id.' }),
        giver: t.arg.id({ description: 'Only of this user: UUID or node id.' }),
        asOf: listAsOf(t),
        minimumPosition: minimumPosition(t),
      },
      resolve: async (_root, { signingPolicy, giver, ...args }, { readModel, caller }) =>
        asConnection(
          await readModel.listGrants(
            caller.organizationId,
            {
              ...(signingPolicy == null ? {} : { signingPolicyId: parseEntityId(signingPolicy, 'SigningPolicy') }),
              ...(giver == null ? {} : { giver: parseEntityId(giver, 'User') }),
            },
            parsePageRequest(args),
          ),
        ),
    },
    { name: 'GrantConnection' },
  ),
}))
