import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Application, type Caller, permissionsOfUseCases } from '../application/index.ts'
import { Refusal } from '../domain/index.ts'

/**
 * `GET /audit-log/export`: the audit log of the caller's organization as JSON Lines, from its beginning or `?from=` a position on,
 * as fast as it is read. Whoever gets no last line has not got all of it: it ends, too, when the token is revoked meanwhile.
 */
export function registerAuditExport(
  fastify: FastifyInstance,
  application: Application,
  callerOf: (request: FastifyRequest) => Caller,
  authenticateAgain: (request: FastifyRequest) => Promise<Caller>,
): void {
  fastify.get<{ Querystring: { from?: string | string[] } }>(
    '/audit-log/export',
    { config: { access: permissionsOfUseCases.exportAuditLog }, exposeHeadRoute: false },
    async (request, reply) => {
      const { from } = request.query
      if (Array.isArray(from)) throw new Refusal('ARGUMENTS_AMBIGUOUS', 'Give one position to begin at.')
      const permission = permissionsOfUseCases.exportAuditLog
      const stillAllowed = async () =>
        application.authorizeQuery(await authenticateAgain(request), { query: 'exportAuditLog', permission })
      const chunks = await application.exportAuditLog(callerOf(request), { from, stillAllowed })
      return reply
        .headers({
          'content-type': 'application/jsonl; charset=utf-8',
          'content-disposition': 'attachment; filename="audit-log.jsonl"',
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
        })
        .send(Readable.from(chunks, { objectMode: false }))
    },
  )
}
