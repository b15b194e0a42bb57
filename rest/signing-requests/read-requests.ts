import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Application, Caller } from '../../application/index.ts'
import { isFinalStatus } from '../../domain/index.ts'
import type { WaitingCalls } from '../../http/index.ts'
import { parsePageRequest, type SigningRequestView } from '../../projections/index.ts'
import { type Operation, type OperationCall, operation, organizationPath } from '../operation.ts'
import { type DescribingDependencies, describeRequest, describeRequests } from './describe-requests.ts'
import { findRequest } from './find-request.ts'
import { filterFields, requestFilterOf } from './list-filter.ts'
import { requestDocument, requestSummary } from './request-document.ts'
import type { RequestWatch } from './request-watch.ts'
import { statusDocument, statusOf } from './status-document.ts'

/** The longest that may be asked for, in seconds. */
const longestWait = 60
/** The longest that an answer is waited for, in seconds: proxies give up after a minute of silence. */
const longestSilence = 55

const waiting = z.object({
  waitForFinal: z
    .number()
    .min(0)
    .max(longestWait)
    .optional()
    .meta({
      description: `Answer when the status is final, or after so many seconds with what it is then: 0 to ${longestWait}. After ${longestSilence} s there is an answer in any case, since proxies give up after a minute.`,
    }),
})

/** What reading requests works with. */
export type ReadingDependencies = DescribingDependencies & {
  readonly application: Pick<Application, 'locateSigningRequest'>
  readonly watch: RequestWatch
  /** Counts long polls and streams of events. */
  readonly waitingCalls: WaitingCalls
  /** Finds out again who the caller is. @throws Refusal when the token does not work any more */
  readonly authenticateAgain: (request: FastifyRequest) => Promise<Caller>
}

const tag = 'Signing requests'
const access = 'readOrganization'
const ofRequest = z.object({ signingRequestId: z.string() })

/** `GET …/SigningRequests`, `…/SigningRequests/{id}` and `…/SigningRequests/{id}/Status`. */
export function readingOperations(dependencies: ReadingDependencies): readonly Operation[] {
  const { readModel, links } = dependencies
  return [
    operation({
      method: 'GET',
      path: `${organizationPath}/SigningRequests/{signingRequestId}`,
      access,
      operationId: 'signingRequest',
      tag,
      summary: 'Everything about a signing request',
      parameters: ofRequest,
      query: waiting,
      answers: { 200: { description: 'The request.', schema: requestDocument } },
      async handle({ caller, parameters: { signingRequestId }, query: { waitForFinal }, ...call }) {
        const found = await awaited(dependencies, { caller, ...call }, signingRequestId, waitForFinal)
        return { status: 200, body: await describeRequest(dependencies, found) }
      },
    }),
    operation({
      method: 'GET',
      path: `${organizationPath}/SigningRequests/{signingRequestId}/Status`,
      access,
      operationId: 'signingRequestStatus',
      tag,
      summary: 'Where a signing request stands',
      parameters: ofRequest,
      query: waiting,
      answers: { 200: { description: 'Its status.', schema: statusDocument } },
      async handle({ caller, parameters: { signingRequestId }, query: { waitForFinal }, ...call }) {
        const found = await awaited(dependencies, { caller, ...call }, signingRequestId, waitForFinal)
        return { status: 200, body: statusOf(found, links) }
      },
    }),
    operation({
      method: 'GET',
      path: `${organizationPath}/SigningRequests`,
      access,
      operationId: 'signingRequests',
      tag,
      summary: 'Signing requests, newest first',
      query: filterFields.extend({
        pageSize: z
          .number()
          .int()
          .min(1)
          .max(100)
          .optional()
          .meta({ description: '1 to 100; 25 when nothing is said.' }),
        pageToken: z.string().optional().meta({ description: 'The nextPageToken of the page before.' }),
      }),
      answers: {
        200: {
          description: 'A page of them.',
          schema: z.object({
            signingRequests: z.array(requestSummary),
            nextPageToken: z.string().nullable().meta({ description: 'Null on the last page.' }),
          }),
        },
      },
      async handle({ caller, query: { pageSize, pageToken, ...asked } }) {
        const filter = await requestFilterOf(readModel, caller, asked)
        const page = parsePageRequest({ first: pageSize, after: pageToken })
        const { items, hasNextPage } = await readModel.listSigningRequests(caller.organizationId, filter, page)
        const signingRequests = await describeRequests(
          dependencies,
          items.map(({ item }) => item),
        )
        const nextPageToken = hasNextPage ? (items.at(-1)?.cursor ?? null) : null
        return { status: 200, body: { signingRequests, nextPageToken } }
      },
    }),
  ]
}

/**
 * The request, once its status is final or the time is over. Whoever lost the right to see it meanwhile does not see it.
 *
 * @throws Refusal `TOO_MANY_WAITING_CALLS`; as authentication does
 */
async function awaited(
  dependencies: ReadingDependencies,
  { caller, request, whenAnswered }: Pick<OperationCall, 'caller' | 'request' | 'whenAnswered'>,
  text: string,
  seconds: number | undefined,
): Promise<SigningRequestView> {
  const found = await findRequest(dependencies, caller, text)
  if (seconds === undefined || seconds === 0 || isFinal(found)) return found
  whenAnswered(dependencies.waitingCalls.enter(caller))
  const { socket } = request.raw
  const gone = new AbortController()
  const leave = () => gone.abort()
  socket.once('close', leave)
  try {
    const timeout = AbortSignal.any([AbortSignal.timeout(Math.min(seconds, longestSilence) * 1_000), gone.signal])
    const last = await dependencies.watch.until(found, isFinal, timeout)
    await dependencies.authenticateAgain(request)
    return last ?? found
  } finally {
    // Connections are used again for other calls.
    socket.removeListener('close', leave)
  }
}

function isFinal({ workflowStatus }: SigningRequestView): boolean {
  return isFinalStatus(workflowStatus)
}
