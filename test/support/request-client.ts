import { randomUUID } from 'node:crypto'
import type { ServiceClient } from './service-client.ts'
import { smallPeFile } from './small-pe-file.ts'
import { until } from './until.ts'

const requestDocument = `query ($id: ID!) { signingRequest(id: $id) {
  status workflowStatus failure { code } plan { digest document page(index: 0) } signedArtifactLink certificate { chain }
} }`

/** The plan of a request: its digest, and the texts that this stands for. */
export type ShownPlan = { readonly digest: string; readonly document: string; readonly page: string }

/** A request, as GraphQL shows it. */
export type ShownRequest = {
  readonly status: string
  readonly workflowStatus: string
  readonly failure: { readonly code: string } | null
  readonly plan: ShownPlan | null
  readonly certificate: { readonly chain: readonly string[] }
}

/** Shows a request to a user. */
export async function showRequest(client: ServiceClient, id: string): Promise<ShownRequest> {
  return (await client.ask<{ signingRequest: ShownRequest }>(requestDocument, { id })).signingRequest
}

/** Waits until a request waits for approval; answers its plan. */
export function waitForPlan(client: ServiceClient, id: string): Promise<ShownPlan> {
  return until('the request waits for approval', async () => {
    const shown = await showRequest(client, id)
    return shown?.status === 'WaitingForApproval' ? shown.plan : undefined
  })
}

const submitDocument = `mutation ($input: SubmitSigningRequestInput!) {
  submitSigningRequest(input: $input) { signingRequestId }
}`

/** Uploads a small program, another one each time, and submits it to a policy of the project `demo`; answers the request's id. */
export async function submitProgram(client: ServiceClient, signingPolicy: string): Promise<string> {
  const uploadId = await client.upload('program.exe', smallPeFile(Buffer.from(`program ${randomUUID()}`)))
  const input = { project: 'demo', signingPolicy, uploadId }
  const { submitSigningRequest } = await client.ask<{ submitSigningRequest: { signingRequestId: string } }>(
    submitDocument,
    { input },
  )
  return submitSigningRequest.signingRequestId
}

const approveDocument = `mutation ($input: ApproveSigningRequestInput!) {
  approveSigningRequest(input: $input) { position }
}`

/** Approves the plan of this digest. */
export function approvePlan(client: ServiceClient, signingRequestId: string, planDigest: string): Promise<unknown> {
  return client.ask(approveDocument, { input: { signingRequestId, planDigest } })
}
