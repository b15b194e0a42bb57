import multipart from '@fastify/multipart'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Application } from '../application/index.ts'
import { registerDownloads } from './download.ts'
import { problemErrorHandler } from './problem.ts'
import { discardUnreadBody } from './unread-body.ts'
import { registerUploads } from './upload.ts'

/** What the HTTP API needs. */
export type RestOptions = {
  readonly application: Application
  /** The most bytes of one uploaded artifact; the artifact store has the same limit. */
  readonly maximumUploadSize: number
  readonly logger: Logger
}

/**
 * Adds the HTTP API to a server, in a scope of its own: its errors and bodies do not concern other routes. Existing
 * clients write its paths in several ways, so the server must match paths without regard to case.
 *
 * @throws Error when the server tells cases apart: `routerOptions.caseSensitive` must be `false`
 */
export function registerRest(fastify: FastifyInstance, options: RestOptions): void {
  if (fastify.initialConfig.routerOptions?.caseSensitive !== false)
    throw new Error('The HTTP API needs a Fastify server with routerOptions.caseSensitive: false.')
  const { application, maximumUploadSize, logger } = options
  fastify.register(async (scope) => {
    const answerProblem = problemErrorHandler(logger)
    scope.setErrorHandler((error, request, reply) => {
      discardUnreadBody(request.raw)
      return answerProblem(error, request, reply)
    })
    // Bodies are streams, and nobody reads them before the route has found out who sends them.
    scope.removeAllContentTypeParsers()
    await scope.register(multipart)
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    registerUploads(scope, { application, maximumUploadSize })
    registerDownloads(scope, application)
  })
}
