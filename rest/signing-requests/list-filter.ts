import { z } from 'zod'
import type { Caller } from '../../application/index.ts'
import {
  type ProjectId,
  parseId,
  parseSlug,
  Refusal,
  requestStatuses,
  type SigningPolicyId,
  type UserId,
  workflowStatuses,
} from '../../domain/index.ts'
import type { ReadModel, SigningRequestFilter } from '../../projections/index.ts'
import { momentSchema } from '../forms/moment.ts'

/** Which requests a list shows: all that is given must hold. */
export const filterFields = z.object({
  projectSlug: z.string().optional(),
  projectId: z.string().optional(),
  signingPolicySlug: z.string().optional().meta({ description: 'Goes with a project.' }),
  signingPolicyId: z.string().optional(),
  status: z.array(z.enum(requestStatuses)).optional().meta({ description: 'Any of these; give it several times.' }),
  workflowStatus: z.array(z.enum(workflowStatuses)).optional().meta({ description: 'Any of these.' }),
  submitterId: z.string().optional(),
  submittedFrom: momentSchema.optional().meta({ description: 'At this moment or later.' }),
  submittedBefore: momentSchema.optional(),
})

/** What matches nothing, now and later: a slug that nothing has. */
const nothing: SigningRequestFilter = { statuses: [] }

/**
 * The read model's filter for what was asked.
 *
 * @throws Refusal `ARGUMENTS_AMBIGUOUS`, `PROJECT_NEEDED`, `ID_MALFORMED`, `SLUG_MALFORMED`
 */
export async function requestFilterOf(
  readModel: ReadModel,
  { organizationId }: Caller,
  asked: z.output<typeof filterFields>,
): Promise<SigningRequestFilter> {
  const { projectSlug, signingPolicySlug, status, workflowStatus, submitterId, submittedFrom, submittedBefore } = asked
  one('project', projectSlug, asked.projectId)
  one('signingPolicy', signingPolicySlug, asked.signingPolicyId)
  let projectId = optionalId<ProjectId>(asked.projectId, 'projectId')
  if (projectSlug !== undefined) {
    projectId = (await readModel.projectBySlug(organizationId, parseSlug(projectSlug, 'projectSlug')))?.projectId
    if (projectId === undefined) return nothing
  }
  let signingPolicyId = optionalId<SigningPolicyId>(asked.signingPolicyId, 'signingPolicyId')
  if (signingPolicySlug !== undefined) {
    if (projectId === undefined)
      throw new Refusal(
        'PROJECT_NEEDED',
        'Slugs of signing policies are unique in a project only: name the project too.',
      )
    const slug = parseSlug(signingPolicySlug, 'signingPolicySlug')
    const first = { direction: 'forward', size: 1 } as const
    const { items } = await readModel.listSigningPolicies(organizationId, { projectId, slug }, first)
    signingPolicyId = items[0]?.item.signingPolicyId
    if (signingPolicyId === undefined) return nothing
  }
  const submitter = optionalId<UserId>(submitterId, 'submitterId')
  return {
    ...(projectId === undefined ? {} : { projectId }),
    ...(signingPolicyId === undefined ? {} : { signingPolicyId }),
    ...(status === undefined ? {} : { statuses: status }),
    ...(workflowStatus === undefined ? {} : { workflowStatuses: workflowStatus }),
    ...(submitter === undefined ? {} : { submitter }),
    ...(submittedFrom === undefined ? {} : { submittedFrom }),
    ...(submittedBefore === undefined ? {} : { submittedBefore }),
  }
}

function optionalId<Id extends ProjectId | SigningPolicyId | UserId>(text: string | undefined, what: string) {
  return text === undefined ? undefined : parseId<Id>(text, what)
}

function one(what: string, slug: string | undefined, id: string | undefined): void {
  if (slug !== undefined && id !== undefined)
    throw new Refusal('ARGUMENTS_AMBIGUOUS', `Give ${what}Slug or ${what}Id, one of them.`)
}
