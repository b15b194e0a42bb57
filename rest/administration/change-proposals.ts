import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import type { ChangeProposalId, KeyId } from '../../domain/index.ts'
import type { ChangeProposalView, OrganizationView } from '../../projections/index.ts'
import type { Operation } from '../operation.ts'
import { basedOn, change, idSchema } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

const tag = 'Change control'
const parameters = z.object({ changeProposalId: idSchema<ChangeProposalId>() })
const shape = { changeProposalId: z.uuid() }
const statuses = ['proposed', 'approved', 'applied', 'rejected', 'lapsed'] as const

const proposalSchema = z.object({
  changeProposalId: z.uuid(),
  status: z.enum(statuses).meta({
    description:
      'At the moment of the answer. Approved: the next approval applies it, since a process ended in between.',
  }),
  targetStreamId: z.string().meta({ description: 'What it changes: its kind, a hyphen, its UUID.' }),
  baseRevision: z
    .int()
    .nullable()
    .meta({ description: 'The newest revision of it that the change rests on; null for what the change creates.' }),
  proposedEvents: z
    .array(z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) }))
    .meta({ description: 'Exactly what happens when the change is applied. Hashes of tokens are left out.' }),
  author: z.uuid().nullable().meta({ description: 'Null for the operator of the machine.' }),
  reason: z.string().nullable(),
  permission: z.string().meta({ description: 'What it takes to approve: whoever has it may, except the author.' }),
  requiredApprovals: z.int(),
  missingApprovals: z.int(),
  approvals: z.array(z.object({ approver: z.uuid(), approvedAt: z.string(), comment: z.string().nullable() })),
  rejection: z.object({ rejectedBy: z.uuid(), comment: z.string().nullable() }).nullable(),
  lapsed: z.string().nullable().meta({ description: 'Why it can be applied no more; null unless it lapsed.' }),
  expiresAt: z.string().meta({ description: 'When it lapses if it is not approved by then.' }),
  ...recordedShape,
})

const control = z.object({
  requiredApprovals: z.int().meta({ description: 'Approvals besides the author, 1 to 10.' }),
  lifetimeSeconds: z.int().meta({ description: 'Seconds for which a change waits: an hour to 90 days.' }),
})

const organizationSchema = z.object({
  organizationId: z.uuid(),
  name: z.string(),
  changeControl: control
    .nullable()
    .meta({ description: 'Which approvals changes of rules need. Null: who may change a rule changes it alone.' }),
  statementKey: z
    .uuid()
    .nullable()
    .meta({ description: "What signs where something comes from. Null: the key of the policy's certificate." }),
  ...recordedShape,
})

/** Changes that wait for others, and which changes do: what GraphQL calls by the same names. */
export function changeProposalOperations(
  reading: Reading & { readonly application: Application },
): readonly Operation[] {
  const { application, readModel } = reading
  const read = { tag, permission: 'readOrganization', schema: proposalSchema, show: shown } as const
  const path = '/ChangeProposals/{changeProposalId}'
  const comment = z.object({ comment: z.string().nullable().default(null) })
  return [
    list(reading, {
      ...read,
      operationId: 'changeProposals',
      path: '/ChangeProposals',
      summary: 'List proposed changes, newest first',
      query: { status: z.enum(statuses).optional() },
      read: ({ organizationId }, page, { status }) =>
        readModel.listChangeProposals(organizationId, status === undefined ? {} : { status }, page),
    }),
    one(reading, {
      ...read,
      operationId: 'changeProposal',
      path,
      summary: 'Read a proposed change',
      parameters,
      missing: ['CHANGE_PROPOSAL_NOT_FOUND', 'proposed change'],
      find: async ({ organizationId }, { changeProposalId }) =>
        (await readModel.changeProposalsByIds(organizationId, [changeProposalId]))[0],
    }),
    change({
      useCase: 'approveChange',
      method: 'POST',
      path: `${path}/Approve`,
      tag,
      summary: 'Agree to a proposed change; with the last approval that it takes it is applied',
      parameters,
      body: comment,
      shape,
      run: (caller, input) => application.approveChange(caller, input),
    }),
    change({
      useCase: 'rejectChange',
      method: 'POST',
      path: `${path}/Reject`,
      tag,
      summary: 'Say no to a proposed change, which ends it; its author takes it back so',
      parameters,
      body: comment,
      shape,
      run: (caller, input) => application.rejectChange(caller, input),
    }),
    one(reading, {
      tag,
      permission: 'readOrganization',
      schema: organizationSchema,
      show: shownOrganization,
      operationId: 'organization',
      path: '/Organization',
      summary: 'Read the organization, with which approvals changes of rules need',
      parameters: z.object({}),
      missing: ['ORGANIZATION_NOT_FOUND', 'organization'],
      find: ({ organizationId }) => readModel.organization(organizationId),
    }),
    change({
      useCase: 'changeStatementKey',
      method: 'PUT',
      path: '/Organization/StatementKey',
      tag,
      summary: 'Say which key signs where something comes from (provenance) from now on',
      body: z.object({
        ...basedOn,
        keyId: idSchema<KeyId>().nullable().meta({
          description: "Null: the key of the policy's certificate; it cannot be left out.",
        }),
      }),
      shape: { organizationId: z.uuid() },
      run: async (caller, input) => ({
        ...(await application.changeStatementKey(caller, input)),
        organizationId: caller.organizationId,
      }),
    }),
    change({
      useCase: 'changeChangeControl',
      method: 'PUT',
      path: '/Organization/ChangeControl',
      tag,
      summary: 'Say which approvals changes of rules need from now on',
      body: z.object({
        ...basedOn,
        changeControl: control.nullable().meta({ description: 'Null: none; it cannot be left out.' }),
      }),
      shape: { organizationId: z.uuid() },
      run: async (caller, input) => ({
        ...(await application.changeChangeControl(caller, input)),
        organizationId: caller.organizationId,
      }),
    }),
  ]
}

function shown(view: ChangeProposalView): z.input<typeof proposalSchema> {
  const { changeProposalId, status, target, baseRevision, author, permission, requiredApprovals, lapsed } = view
  const { reason = null, events, approvals, rejection, expiresAt, revision, createdAt, updatedAt } = view
  return {
    ...{ changeProposalId, status, targetStreamId: target, baseRevision, author, reason, permission },
    ...{ requiredApprovals, missingApprovals: Math.max(0, requiredApprovals - approvals.length) },
    proposedEvents: events.map(({ type, data }) => ({ type, data: { ...data } })),
    approvals: approvals.map(({ approver, approvedAt, comment }) => ({ approver, approvedAt, comment })),
    rejection: rejection && { rejectedBy: rejection.rejectedBy, comment: rejection.comment },
    ...{ lapsed, expiresAt, revision, createdAt, updatedAt },
  }
}

function shownOrganization(view: OrganizationView): z.input<typeof organizationSchema> {
  const { organizationId, name, changeControl, statementKeyId: statementKey = null } = view
  const { revision, createdAt, updatedAt } = view
  return { organizationId, name, changeControl, statementKey, revision, createdAt, updatedAt }
}
