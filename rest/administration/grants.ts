import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import type { GrantId, SigningPolicyId, UserId } from '../../domain/index.ts'
import { type GrantView, grantStatuses } from '../../projections/index.ts'
import { momentSchema } from '../forms/moment.ts'
import type { Operation } from '../operation.ts'
import { change, idSchema, reasoned } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

const tag = 'Grants'
const parameters = z.object({ grantId: idSchema<GrantId>() })
const shape = { grantId: z.uuid() }
const globs = z.array(z.string())

const grantSchema = z.object({
  grantId: z.uuid(),
  status: z.enum(grantStatuses).meta({ description: 'At the moment of the answer.' }),
  giver: z.uuid(),
  projectId: z.uuid(),
  signingPolicyId: z.uuid(),
  signingPolicyVersion: z.int().meta({
    description: 'In force when it was given. It approves nothing once the policy demands anything else.',
  }),
  certificateThumbprint: z.string().meta({
    description: 'SHA-256 of the certificate that the policy signed with then, hexadecimal: it approves no other.',
  }),
  from: z.string(),
  until: z.string().meta({ description: 'Exclusive.' }),
  maximumRequests: z.int(),
  fileNames: globs,
  versions: globs,
  branches: globs,
  comment: z.string().nullable(),
  uses: z.array(z.object({ signingRequestId: z.uuid(), usedAt: z.string() })),
  revocation: z
    .object({ revokedBy: z.uuid(), revokedAt: z.string(), reason: z.string().nullable() })
    .nullable()
    .meta({ description: 'Null unless it was taken back.' }),
  ...recordedShape,
})

/** Approvals in advance: what GraphQL calls by the same names. */
export function grantOperations(reading: Reading & { readonly application: Application }): readonly Operation[] {
  const { application, readModel } = reading
  const read = { tag, permission: 'readOrganization', schema: grantSchema, show: shown } as const
  const path = '/Grants/{grantId}'
  return [
    list(reading, {
      ...read,
      operationId: 'grants',
      path: '/Grants',
      summary: 'List grants, newest first',
      query: {
        signingPolicy: idSchema<SigningPolicyId>().optional().meta({ description: 'Only for this signing policy.' }),
        giver: idSchema<UserId>().optional().meta({ description: 'Only of this user.' }),
      },
      read: ({ organizationId }, page, { signingPolicy, giver }) =>
        readModel.listGrants(
          organizationId,
          {
            ...(signingPolicy === undefined ? {} : { signingPolicyId: signingPolicy }),
            ...(giver === undefined ? {} : { giver }),
          },
          page,
        ),
    }),
    one(reading, {
      ...read,
      operationId: 'grant',
      path,
      summary: 'Read a grant',
      parameters,
      missing: ['GRANT_NOT_FOUND', 'grant'],
      find: async ({ organizationId }, { grantId }) => (await readModel.grantsByIds(organizationId, [grantId]))[0],
    }),
    change({
      useCase: 'giveGrant',
      method: 'POST',
      path: '/Grants',
      tag,
      summary: 'Approve requests of a signing policy in advance, in your own name',
      body: z.object({
        project: z.string().meta({ description: 'Slug or id.' }),
        signingPolicy: z
          .string()
          .meta({ description: 'Slug (in the project) or id. You must be one of its approvers.' }),
        from: momentSchema
          .nullable()
          .default(null)
          .meta({ description: 'From when on it approves; null: from now on.' }),
        until: momentSchema.meta({ description: 'Until when, exclusively: 90 days at the most.' }),
        maximumRequests: z.int().meta({ description: 'How many requests it is for, 1 to 1,000.' }),
        fileNames: globs.meta({
          description: 'Globs of the file name, one or more: one must match. * is any text without /, ? one character.',
        }),
        versions: globs
          .default([])
          .meta({ description: 'Globs of the version that the submission says; empty: it does not matter.' }),
        branches: globs.default([]).meta({
          description: 'Globs of the branch that the origin names, such as release/*; empty: it does not matter.',
        }),
        comment: z.string().nullable().default(null),
      }),
      shape,
      creates: true,
      run: (caller, input) => application.giveGrant(caller, input),
    }),
    change({
      useCase: 'revokeGrant',
      method: 'POST',
      path: `${path}/Revoke`,
      tag,
      summary: 'Take a grant back, at once: also what it approved and is not signed yet needs another approval',
      parameters,
      body: z.object(reasoned),
      shape,
      run: (caller, input) => application.revokeGrant(caller, input),
    }),
  ]
}

function shown(view: GrantView): z.input<typeof grantSchema> {
  const { grantId, status, giver, projectId, signingPolicyId, signingPolicyVersion, certificateThumbprint } = view
  const { from, until, maximumRequests, fileNames, versions, branches, comment, uses, revocation, revokedAt } = view
  const { revision, createdAt, updatedAt } = view
  return {
    ...{ grantId, status, giver, projectId, signingPolicyId, signingPolicyVersion, certificateThumbprint },
    ...{ from, until, maximumRequests, comment, revision, createdAt, updatedAt },
    fileNames: [...fileNames],
    versions: [...versions],
    branches: [...branches],
    uses: uses.map(({ signingRequestId, usedAt }) => ({ signingRequestId, usedAt })),
    revocation: revocation && {
      revokedBy: revocation.revokedBy,
      revokedAt: revokedAt ?? updatedAt,
      reason: revocation.reason,
    },
  }
}
