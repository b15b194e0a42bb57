import type { UserId } from '../domain/index.ts'
import type { SigningRequestFilter } from '../projections/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { RequestStatusRef, WorkflowStatusRef } from './enums.ts'
import { parseEntityId } from './global-id.ts'
import { projectIdOf, signingPolicyIdOf } from './lookup.ts'

/** Which signing requests. */
export const SigningRequestFilterRef = builder.inputType('SigningRequestFilter', {
  description: 'Which signing requests. All that is given must hold; what is left out does not restrict.',
  fields: (t) => ({
    project: t.string({ description: 'UUID, node id or slug.' }),
    signingPolicy: t.string({ description: 'UUID or node id; its slug, when `project` is given too.' }),
    status: t.field({ type: [RequestStatusRef], description: 'Any of these.' }),
    workflowStatus: t.field({ type: [WorkflowStatusRef], description: 'Any of these.' }),
    submitter: t.id({ description: 'UUID or node id of a user.' }),
    submittedFrom: t.field({ type: 'DateTime', description: 'At this moment or later.' }),
    submittedBefore: t.field({ type: 'DateTime', description: 'Before this moment.' }),
  }),
})

/** What GraphQL makes of the filter's input. */
export type SigningRequestFilterInput = typeof SigningRequestFilterRef.$inferInput

const nothing: SigningRequestFilter = { statuses: [] }

/** The read model's filter for an input. A slug that nothing has matches nothing, now and later. */
export async function signingRequestFilterOf(
  input: SigningRequestFilterInput | null | undefined,
  context: GraphQLContext,
): Promise<SigningRequestFilter> {
  const { project, signingPolicy, status, workflowStatus, submitter, submittedFrom, submittedBefore } = input ?? {}
  const projectId = project == null ? undefined : await projectIdOf(project, context)
  if (project != null && projectId === undefined) return nothing
  const signingPolicyId = signingPolicy == null ? undefined : await signingPolicyIdOf(signingPolicy, projectId, context)
  if (signingPolicy != null && signingPolicyId === undefined) return nothing
  return {
    ...(projectId === undefined ? {} : { projectId }),
    ...(signingPolicyId === undefined ? {} : { signingPolicyId }),
    ...(status == null ? {} : { statuses: status }),
    ...(workflowStatus == null ? {} : { workflowStatuses: workflowStatus }),
    ...(submitter == null ? {} : { submitter: parseEntityId<UserId>(submitter, 'User') }),
    ...(submittedFrom == null ? {} : { submittedFrom }),
    ...(submittedBefore == null ? {} : { submittedBefore }),
  }
}
