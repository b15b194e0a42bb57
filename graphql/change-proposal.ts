import { type ChangeProposal, parseStreamName, type UserId } from '../domain/index.ts'
import {
  type ChangeApprovalView,
  type ChangeProposalView,
  type FieldDifference,
  parsePageRequest,
  proposedDifference,
} from '../projections/index.ts'
import { ProposedDocumentRef } from './artifact-configuration.ts'
import { builder } from './builder.ts'
import { ChangeLapseRef, ChangeProposalStatusRef } from './change-proposal-enums.ts'
import { asConnection } from './connection.ts'
import type { GraphQLContext } from './context.ts'
import { EntityRef } from './entity.ts'
import { entityArguments } from './entity-arguments.ts'
import { FieldDifferenceRef, visibleDifferences } from './field-difference.ts'
import { nodeTypes, parseEntityId } from './global-id.ts'
import { loadNode } from './load-node.ts'
import { MentionedEntityRef, mentionedIn } from './mentioned-entity.ts'
import { minimumPosition } from './minimum-position.ts'
import { foldingCost } from './query-cost.ts'
import { ChangeProposalRef, UserRef } from './refs.ts'

const ChangeApprovalRef = builder.objectRef<ChangeApprovalView>('ChangeApproval').implement({
  description: 'That somebody else than its author agrees to a change.',
  fields: (t) => ({
    approver: t.field({ type: UserRef, nullable: true, resolve: ({ approver }) => approver }),
    approvedAt: t.expose('approvedAt', { type: 'DateTime' }),
    comment: t.exposeString('comment', { nullable: true }),
  }),
})

const ChangeRejectionRef = builder.objectRef<NonNullable<ChangeProposal['rejection']>>('ChangeRejection').implement({
  description: 'That somebody says no to a change, or that its author took it back.',
  fields: (t) => ({
    rejectedBy: t.field({ type: UserRef, nullable: true, resolve: ({ rejectedBy }) => rejectedBy }),
    comment: t.exposeString('comment', { nullable: true }),
  }),
})

const ProposedEventRef = builder.objectRef<ChangeProposal['events'][number]>('ProposedEvent').implement({
  description: 'An event as it is appended when the change is applied.',
  fields: (t) => ({
    type: t.exposeString('type'),
    data: t.field({ type: 'JSON', resolve: ({ data }) => data }),
  }),
})

ChangeProposalRef.implement({
  description: 'A change of a rule that others than its author must approve before it holds.',
  interfaces: [EntityRef],
  fields: (t) => ({
    changeProposalId: t.exposeID('changeProposalId', { description: 'UUID.' }),
    status: t.expose('status', { type: ChangeProposalStatusRef, description: 'At the moment of the answer.' }),
    target: t.field({
      type: builder.nodeInterfaceRef(),
      nullable: true,
      description: 'What it changes. Null for what the change creates, until it is applied.',
      resolve: (proposal, _args, context) => targetOf(proposal, context),
    }),
    targetStreamId: t.exposeString('target', { description: 'What it changes: its kind, a hyphen, its UUID.' }),
    baseRevision: t.exposeInt('baseRevision', {
      nullable: true,
      description: 'The newest revision of it that the change rests on; null for what the change creates.',
    }),
    proposedEvents: t.field({
      type: [ProposedEventRef],
      description: 'Exactly what happens when the change is applied. Hashes of tokens are left out.',
      resolve: ({ events }) => [...events],
    }),
    difference: t.field({
      type: [FieldDifferenceRef],
      complexity: { field: foldingCost({ asOf: 'now' }).field, multiplier: 1 },
      description: 'What it changes, field by field: before is the state that the change rests on.',
      resolve: async (proposal, _args, context) => visibleDifference(proposal, context),
    }),
    mentioned: t.field({
      type: [MentionedEntityRef],
      complexity: { field: foldingCost({ asOf: 'now' }).field, multiplier: 1 },
      description: 'Whom and what the difference names by ids, with their names.',
      resolve: async (proposal, _args, context) => mentionedIn(await visibleDifference(proposal, context), context),
    }),
    proposedDocument: t.field({
      type: ProposedDocumentRef,
      nullable: true,
      complexity: { field: foldingCost({ asOf: 'now' }).field, multiplier: 1 },
      description: 'The text that it gives an artifact configuration. Null for every other change.',
      resolve: ({ changeProposalId }, _args, { application, caller }) =>
        application.readProposedDocument(caller, { changeProposalId }),
    }),
    author: t.field({
      type: UserRef,
      nullable: true,
      description: 'Who proposed it. Null for the operator of the machine.',
      resolve: ({ author }) => author,
    }),
    reason: t.string({
      nullable: true,
      description: 'Why, as its author says it.',
      resolve: ({ reason }) => reason ?? null,
    }),
    permission: t.exposeString('permission', {
      description: 'What it takes to approve: whoever has this permission may, except the author.',
    }),
    requiredApprovals: t.exposeInt('requiredApprovals'),
    missingApprovals: t.int({
      description: 'How many more it takes.',
      resolve: ({ requiredApprovals, approvals }) => Math.max(0, requiredApprovals - approvals.length),
    }),
    approvals: t.field({ type: [ChangeApprovalRef], resolve: ({ approvals }) => [...approvals] }),
    rejection: t.field({ type: ChangeRejectionRef, nullable: true, resolve: ({ rejection }) => rejection }),
    lapsed: t.expose('lapsed', { type: ChangeLapseRef, nullable: true, description: 'Null unless it lapsed.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When it lapses if it is not approved by then.',
    }),
  }),
})

builder.queryFields((t) => ({
  changeProposal: t.field({
    type: ChangeProposalRef,
    nullable: true,
    complexity: foldingCost,
    args: entityArguments(t),
    resolve: (_root, { id }) => parseEntityId(id, 'ChangeProposal'),
  }),
  changeProposals: t.connection(
    {
      type: ChangeProposalRef,
      description: 'Newest first.',
      args: { status: t.arg({ type: ChangeProposalStatusRef }), minimumPosition: minimumPosition(t) },
      resolve: async (_root, { status, ...args }, { readModel, caller }) =>
        asConnection(
          await readModel.listChangeProposals(
            caller.organizationId,
            status == null ? {} : { status },
            parsePageRequest(args),
          ),
        ),
    },
    { name: 'ChangeProposalConnection' },
  ),
}))

async function targetOf({ target }: ChangeProposalView, context: GraphQLContext): Promise<object | null> {
  const { kind, id } = parseStreamName(target) ?? {}
  const typename = nodeTypes.find((type) => type.toLowerCase() === kind?.toLowerCase())
  return typename === undefined || id === undefined ? null : loadNode({ typename, id }, context)
}

/** The difference, without what the caller may not see of other users. */
async function visibleDifference(proposal: ChangeProposalView, context: GraphQLContext): Promise<FieldDifference[]> {
  const { kind, id } = parseStreamName(proposal.target) ?? {}
  const ofUser = kind === 'user' ? (id as UserId) : null
  return visibleDifferences(await proposedDifference(context.log, proposal), ofUser, context)
}
