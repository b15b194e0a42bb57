import multipart from '@fastify/multipart'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { type HttpServer, leavingCalls } from '../http/index.ts'
import { registerAuditExport } from './audit-export.ts'
import { openCallers } from './authenticate.ts'
import { registerInvitations } from './invitations.ts'
import { keepAnswers } from './kept-answers.ts'
import { openApiOperations } from './openapi/index.ts'
import type { Operation } from './operation.ts'
import { operationsOf, type RestOptions } from './operations.ts'
import { problemErrorHandler } from './problem.ts'
import { registerOperations } from './register-operations.ts'
import { openRequestWatch } from './signing-requests/request-watch.ts'
import { registerUnsubscribe } from './unsubscribe.ts'

/** How long clients may take to read their last answers when the service stops, in milliseconds. */
const farewellMs = 2_000

/** Adds the HTTP API to a server, in scopes of its own: its errors and bodies do not concern other routes. */
export function registerRest(http: HttpServer, options: RestOptions): void {
  const { application, logger } = options
  const stopping = new AbortController()
  const watch = openRequestWatch(options.readModel)
  const { authenticateFirst, authenticateAgain, callerOf } = openCallers(http, application)
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
    authenticateFirst(scope)
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
