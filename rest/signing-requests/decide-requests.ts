import { z } from 'zod'
import { type Application, type Caller, permissionsOfUseCases } from '../../application/index.ts'
import { Refusal, type SigningRequestId } from '../../domain/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import type { DescribingDependencies } from './describe-requests.ts'
import { findChanged, findRequest } from './find-request.ts'
import { statusDocument, statusOf } from './status-document.ts'

type Dependencies = Pick<DescribingDependencies, 'readModel' | 'links'> & { readonly application: Application }

const tag = 'Signing requests'
const ofRequest = z.object({ signingRequestId: z.string() })
const comment = z.string().optional().meta({ description: 'Why; everybody who sees the request sees it.' })
const changed = { 200: { description: 'Where the request stands now.', schema: statusDocument } } as const

/** `POST …/SigningRequests/{id}/Approve`, `/Deny`, `/Cancel`, and `…/SigningRequests/Approvals` for several at once. */
export function decidingOperations(dependencies: Dependencies): readonly Operation[] {
  const { application, readModel, links } = dependencies
  return [
    operation({
      method: 'POST',
      path: `${organizationPath}/SigningRequests/{signingRequestId}/Approve`,
      access: permissionsOfUseCases.approveSigningRequest,
      operationId: 'approveSigningRequest',
      tag,
      summary: 'Approve what a signing request plans',
      description:
        'Who has looked at the plan names its digest, and approves no other one. Without it, the plan that the request has is approved.',
      parameters: ofRequest,
      body: {
        kind: 'fields',
        schema: z.object({
          comment,
          planDigest: z.string().optional().meta({ description: 'The digest of the plan that you looked at.' }),
        }),
      },
      answers: changed,
      async handle({ caller, parameters: { signingRequestId }, body }) {
        const planDigest = body.planDigest ?? (await planOf(dependencies, caller, signingRequestId))
        const input = { signingRequestId, planDigest, comment: body.comment ?? null }
        const answer = await application.approveSigningRequest(caller, input)
        return { status: 200, body: statusOf(await findChanged(dependencies, caller, answer), links) }
      },
    }),
    operation({
      method: 'POST',
      path: `${organizationPath}/SigningRequests/{signingRequestId}/Deny`,
      access: permissionsOfUseCases.denySigningRequest,
      operationId: 'denySigningRequest',
      tag,
      summary: 'Deny a signing request, which ends it',
      parameters: ofRequest,
      body: { kind: 'fields', schema: z.object({ comment }) },
      answers: changed,
      async handle({ caller, parameters: { signingRequestId }, body }) {
        const answer = await application.denySigningRequest(caller, { signingRequestId, comment: body.comment ?? null })
        return { status: 200, body: statusOf(await findChanged(dependencies, caller, answer), links) }
      },
    }),
    operation({
      method: 'POST',
      path: `${organizationPath}/SigningRequests/{signingRequestId}/Cancel`,
      access: permissionsOfUseCases.cancelSigningRequest,
      operationId: 'cancelSigningRequest',
      tag,
      summary: 'Call a signing request off',
      parameters: ofRequest,
      body: { kind: 'fields', schema: z.object({ reason: comment }) },
      answers: changed,
      async handle({ caller, parameters: { signingRequestId }, body }) {
        const answer = await application.cancelSigningRequest(caller, { signingRequestId, reason: body.reason ?? null })
        return { status: 200, body: statusOf(await findChanged(dependencies, caller, answer), links) }
      },
    }),
    operation({
      method: 'POST',
      path: `${organizationPath}/SigningRequests/Approvals`,
      access: permissionsOfUseCases.approveSigningRequests,
      operationId: 'approveSigningRequests',
      tag,
      summary: 'Approve several signing requests, such as the builds of one release',
      description: 'Each is decided and answered by itself: some may be approved and others refused.',
      body: {
        kind: 'fields',
        schema: z.object({
          approvals: z.array(z.object({ signingRequestId: z.string(), planDigest: z.string(), comment })).meta({
            description: '1 to 100 requests, each named once, with the digest of the plan that you looked at.',
          }),
        }),
      },
      answers: {
        200: {
          description: 'An answer for each, in their order.',
          schema: z.object({
            answers: z.array(
              z.object({
                signingRequestId: z.string(),
                isApproved: z.boolean(),
                refusal: z
                  .object({ code: z.string(), message: z.string(), transient: z.boolean() })
                  .nullable()
                  .meta({ description: 'Why the approval was not given.' }),
              }),
            ),
          }),
        },
      },
      async handle({ caller, body }) {
        const approvals = body.approvals.map((each) => ({ ...each, comment: each.comment ?? null }))
        const answers = await application.approveSigningRequests(caller, { approvals })
        const newest = answers
          .flatMap(({ position }) => position ?? [])
          .toSorted()
          .at(-1)
        if (newest !== undefined) await readModel.waitFor(newest, { timeoutMs: 1_000 }).catch(() => undefined)
        return {
          status: 200,
          body: {
            answers: answers.map(({ signingRequestId, refusal }) => ({
              signingRequestId,
              isApproved: refusal === null,
              refusal: refusal && { code: refusal.code, message: refusal.message, transient: refusal.transient },
            })),
          },
        }
      },
    }),
  ]
}

/** @throws Refusal `NOT_WAITING_FOR_APPROVAL` when there is no plan yet */
async function planOf(dependencies: Dependencies, caller: Caller, signingRequestId: string) {
  const { plan } = await findRequest(dependencies, caller, signingRequestId)
  if (plan !== null) return plan.digest
  // It may have been planned a moment ago.
  const { position } = await dependencies.application.locateSigningRequest(caller, { signingRequestId })
  const { plan: newest, workflowStatus } = await findChanged(dependencies, caller, {
    signingRequestId: signingRequestId as SigningRequestId,
    position,
  })
  if (newest !== null) return newest.digest
  throw new Refusal(
    'NOT_WAITING_FOR_APPROVAL',
    `The signing request is not waiting for approval; it is ${workflowStatus}.`,
    { workflowStatus },
  )
}
