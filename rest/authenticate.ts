import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Application, Caller } from '../application/index.ts'
import { bearerTokens, type HttpServer } from '../http/index.ts'

/**
 * Finds out who calls, by the header `Authorization: Bearer <api token>`, before anything of a body is read: a
 * caller who is not known cannot make the service wait for one. Holds for every route of the scope.
 *
 * @returns who sent a request that got through
 * @throws Refusal `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_REVOKED`, `TOKEN_EXPIRED`, `USER_DEACTIVATED`: as the answer
 */
export function authenticateFirst(
  scope: FastifyInstance,
  http: HttpServer,
  application: Pick<Application, 'authenticate'>,
): (request: FastifyRequest) => Caller {
  const callers = new WeakMap<FastifyRequest, Caller>()
  scope.addHook('onRequest', async (request) => {
    const { address } = http.clientOf(request.raw)
    callers.set(request, await application.authenticate(bearerTokens(request.headers.authorization), address))
  })
  return (request) => {
    const caller = callers.get(request)
    if (caller === undefined) throw new Error('The route is outside of the scope that authenticates.')
    return caller
  }
}
