import multipart from '@fastify/multipart'
import type { Logger } from 'pino'
import type { Application } from '../application/index.ts'
import { bearerTokens, type HttpServer } from '../http/index.ts'
import { registerAuditExport } from './audit-export.ts'
import { authenticateFirst } from './authenticate.ts'
import { registerDownloads } from './download.ts'
import { registerInvitations } from './invitations.ts'
import { problemErrorHandler } from './problem.ts'
import { registerUploads } from './upload.ts'

/** What the HTTP API needs. */
export type RestOptions = {
  readonly application: Application
  /** The most bytes of one uploaded artifact; the artifact store has the same limit. */
  readonly maximumUploadSize: number
  readonly logger: Logger
}

/** Adds the HTTP API to a server, in a scope of its own: its errors and bodies do not concern other routes. */
export function registerRest(http: HttpServer, options: RestOptions): void {
  const { application, maximumUploadSize, logger } = options
  // Whoever accepts an invitation is nobody yet whom a token proves.
  http.fastify.register(async (scope) => {
    scope.setErrorHandler(problemErrorHandler(logger))
    scope.removeAllContentTypeParsers()
    registerInvitations(scope, application, ({ raw }) => http.clientOf(raw).address)
  })
  http.fastify.register(async (scope) => {
    scope.setErrorHandler(problemErrorHandler(logger))
    const callerOf = authenticateFirst(scope, http, application)
    // Bodies are streams that the routes read themselves.
    scope.removeAllContentTypeParsers()
    await scope.register(multipart)
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    registerUploads(scope, { application, callerOf, maximumUploadSize })
    registerDownloads(scope, application, callerOf)
    registerAuditExport(scope, application, callerOf, ({ headers, raw }) =>
      application.authenticate(bearerTokens(headers.authorization), http.clientOf(raw).address),
    )
  })
}
