import { setTimeout as delay } from 'node:timers/promises'
import { type ServiceClient, ServiceFailure, serviceClient } from './service-client.ts'

/** Clients of a service that is being killed: they try again until they have an answer. */
export type RequestTraffic = {
  /** Submits a program to a policy of the demo; resolves with the request's id when the service has accepted it. */
  readonly submit: (policy: 'test-signing' | 'release-signing') => Promise<string>
  /** Every request whose acceptance somebody was told of. */
  readonly accepted: ReadonlySet<string>
  /**
   * Has two approvers approve whatever waits for them until `signal` ends it.
   *
   * @throws what the service refused although nothing was wrong with it
   */
  readonly approve: (signal: AbortSignal) => Promise<void>
}

/** Failures that pass when the service is whole again. Whether something was done, the caller cannot know. */
const passing = new Set(['UNREACHABLE', 'TEMPORAL_UNAVAILABLE', 'EVENT_LOG_UNAVAILABLE', 'READ_MODEL_UNAVAILABLE'])
/** What who approves again is told. */
const afterApproval = new Set(['ALREADY_APPROVED', 'NOT_WAITING_FOR_APPROVAL', 'SIGNING_REQUEST_FINAL'])
/** Milliseconds until a call is tried again. */
const pauseMs = 50
/** Milliseconds between two looks at what waits: a service that recovers is to have the processor. */
const lookMs = 250

const submitDocument = `mutation ($input: SubmitSigningRequestInput!) {
  submitSigningRequest(input: $input) { signingRequestId }
}`
const waitingDocument = `query { signingRequests(first: 100, filter: { status: [WaitingForApproval] }) {
  nodes { signingRequestId plan { digest } }
} }`
const approveDocument = `mutation ($input: ApproveSigningRequestInput!) {
  approveSigningRequest(input: $input) { position }
}`

type Waiting = {
  readonly signingRequests: {
    readonly nodes: readonly { readonly signingRequestId: string; readonly plan: { readonly digest: string } | null }[]
  }
}

type Approver = {
  readonly client: ServiceClient
  /** Requests that need no further call. */
  readonly answered: Set<string>
  /** Requests with a call whose answer was lost. */
  readonly unanswered: Set<string>
}

/**
 * Makes the clients: CI, which submits, and two approvers.
 *
 * @param program the bytes of the program of the given ordinal, from 0
 */
export function requestTraffic(
  url: string,
  users: Readonly<Record<string, { readonly token: string }>>,
  program: (ordinal: number) => Uint8Array,
): RequestTraffic {
  const accepted = new Set<string>()
  const ci = serviceClient(url, users.ci?.token)
  const approvers = ['approver-1', 'approver-2'].map(
    (name): Approver => ({
      client: serviceClient(url, users[name]?.token),
      answered: new Set(),
      unanswered: new Set(),
    }),
  )
  let submissions = 0

  async function submit(policy: string): Promise<string> {
    const bytes = program(submissions++)
    for (;;)
      try {
        const uploadId = await ci.upload('program.exe', bytes)
        const input = { project: 'demo', signingPolicy: policy, uploadId }
        const { submitSigningRequest } = await ci.ask<{ submitSigningRequest: { signingRequestId: string } }>(
          submitDocument,
          { input },
        )
        accepted.add(submitSigningRequest.signingRequestId)
        return submitSigningRequest.signingRequestId
      } catch (error) {
        await afterPassing(error)
      }
  }

  async function approveAll({ client, answered, unanswered }: Approver, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { signingRequests } = await client.ask<Waiting>(waitingDocument)
        for (const { signingRequestId, plan } of signingRequests.nodes) {
          if (answered.has(signingRequestId) || plan === null) continue
          try {
            await client.ask(approveDocument, { input: { signingRequestId, planDigest: plan.digest } })
          } catch (error) {
            // An approval whose answer was lost may have been given all the same, and have been the last one.
            const given = error instanceof ServiceFailure && afterApproval.has(error.code)
            if (!(given && unanswered.has(signingRequestId))) {
              unanswered.add(signingRequestId)
              throw error
            }
          }
          answered.add(signingRequestId)
        }
      } catch (error) {
        await afterPassing(error)
      }
      await delay(lookMs)
    }
  }

  return {
    submit,
    accepted,
    async approve(signal) {
      await Promise.all(approvers.map((approver) => approveAll(approver, signal)))
    },
  }
}

async function afterPassing(error: unknown): Promise<void> {
  if (!(error instanceof ServiceFailure && passing.has(error.code))) throw error
  await delay(pauseMs)
}
