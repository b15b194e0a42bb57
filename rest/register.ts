import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Application, PersonReader } from '../application/index.ts'
import { bearerTokens, type HttpServer, leavingCalls } from '../http/index.ts'
import type { ReadModel } from '../projections/index.ts'
import { administrationOperations } from './administration/index.ts'
import { registerAuditExport } from './audit-export.ts'
import { authenticateFirst } from './authenticate.ts'
import { downloadOperations } from './download.ts'
import { registerInvitations } from './invitations.ts'
import { type AnswerStore, keepAnswers } from './kept-answers.ts'
import { linksFrom, type PublicUrl } from './links.ts'
import { openApiOperations } from './openapi/index.ts'
import type { Operation } from './operation.ts'
import { problemErrorHandler } from './problem.ts'
import { registerOperations } from './register-operations.ts'
import { certificateOperations } from './signing-policies/certificate.ts'
import { cryptokiOperation } from './signing-policies/cryptoki.ts'
import { announcedUploadOperations } from './signing-requests/announced-upload.ts'
import { decidingOperations } from './signing-requests/decide-requests.ts'
import type { DescribingDependencies } from './signing-requests/describe-requests.ts'
import { type StreamingDependencies, streamingOperations } from './signing-requests/event-streams.ts'
import { readingOperations } from './signing-requests/read-requests.ts'
import { openRequestWatch } from './signing-requests/request-watch.ts'
import { resubmitOperation } from './signing-requests/resubmit.ts'
import { hashOperations } from './signing-requests/sign-hash.ts'
import { linkOperations } from './signing-requests/submit-by-link.ts'
import { submissionOperations } from './signing-requests/submit-with-artifact.ts'
import { systemInfoOperations } from './system-info.ts'
import { registerUnsubscribe } from './unsubscribe.ts'
import { uploadOperations } from './upload.ts'

/** What the HTTP API needs. */
export type RestOptions = {
  readonly application: Application
  readonly readModel: ReadModel
  /** Opens names for answers. */
  readonly persons: PersonReader
  /** Opens a plan of the artifact store. */
  readonly openPlan: DescribingDependencies['openPlan']
  /**
   * Where clients reach the service, without a slash at the end; or a function that says so once the service listens. Links are
   * made from it, and never from a request.
   */
  readonly publicUrl: PublicUrl
  /** The most bytes of one uploaded artifact; the artifact store has the same limit. */
  readonly maximumUploadSize: number
  /** Keeps answers for a day that a client may ask for again. */
  readonly secrets: AnswerStore
  readonly logger: Logger
}

/** How long clients may take to read their last answers when the service stops, in milliseconds. */
const farewellMs = 2_000

/** The operations of the API: each family has a file of its own, and a line here. */
function operationsOf(
  options: RestOptions,
  live: Pick<StreamingDependencies, 'authenticateAgain' | 'stopping' | 'waitingCalls' | 'watch'>,
) {
  const links = linksFrom(options.publicUrl)
  const following = { ...options, links, ...live }
  return [
    ...systemInfoOperations(),
    ...uploadOperations(options),
    ...submissionOperations({ ...options, links }),
    ...hashOperations({ ...options, links }),
    ...linkOperations({ ...options, links }),
    ...announcedUploadOperations({ ...options, links }),
    resubmitOperation({ ...options, links }),
    ...readingOperations(following),
    ...streamingOperations(following),
    ...decidingOperations({ ...options, links }),
    ...certificateOperations(options),
    cryptokiOperation(options),
    ...downloadOperations(options.application),
    ...administrationOperations(options),
  ]
}

/** Adds the HTTP API to a server, in scopes of its own: its errors and bodies do not concern other routes. */
export function registerRest(http: HttpServer, options: RestOptions): void {
  const { application, logger } = options
  const stopping = new AbortController()
  const watch = openRequestWatch(options.readModel)
  const authenticateAgain = ({ headers, raw }: FastifyRequest) =>
    application.authenticate(bearerTokens(headers.authorization), http.clientOf(raw).address)
  const waitingCalls = leavingCalls(http.waitingCalls)
  const operations = operationsOf(options, { authenticateAgain, stopping: stopping.signal, waitingCalls, watch })
  // What waits for changes is answered before connections are closed.
  http.fastify.addHook('preClose', async () => {
    watch.close()
    stopping.abort()
    await waitingCalls.left(farewellMs)
  })
  const answers = keepAnswers(options.secrets)
  const described = openApiOperations(operations, options.publicUrl)
  const isOpen = ({ access }: Operation) => access === 'everybody'
  // Whoever accepts an invitation is nobody yet whom a token proves.
  http.fastify.register(async (scope) => {
    scope.setErrorHandler(problemErrorHandler(logger))
    scope.removeAllContentTypeParsers()
    registerInvitations(scope, application, ({ raw }) => http.clientOf(raw).address)
  })
  // Mail programs that nobody signed in to.
  http.fastify.register(async (scope) => {
    scope.setErrorHandler(problemErrorHandler(logger))
    scope.removeAllContentTypeParsers()
    registerUnsubscribe(scope, application, ({ raw }) => http.clientOf(raw).address)
  })
  http.fastify.register(async (scope) => {
    await readBodiesAsStreams(scope, logger)
    registerOperations(scope, [...operations.filter(isOpen), ...described], { callerOf: nobody, answers })
  })
  http.fastify.register(async (scope) => {
    const callerOf = authenticateFirst(scope, http, application)
    await readBodiesAsStreams(scope, logger)
    registerOperations(
      scope,
      operations.filter((each) => !isOpen(each)),
      { callerOf, answers },
    )
    registerAuditExport(scope, application, callerOf, authenticateAgain)
  })
}

async function readBodiesAsStreams(scope: FastifyInstance, logger: Logger): Promise<void> {
  scope.setErrorHandler(problemErrorHandler(logger))
  scope.removeAllContentTypeParsers()
  await scope.register(multipart)
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
}

function nobody(): never {
  throw new Error('An operation for everybody has no caller.')
}
