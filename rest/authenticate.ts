import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Application, Caller } from '../application/index.ts'
import { Refusal } from '../domain/index.ts'
import { callCredentials, type HttpServer } from '../http/index.ts'
import { RefusedCaller } from './problem.ts'

/** Who sent the requests of the API that are under way. */
export type Callers = {
  /**
   * Finds out who calls, by the header `Authorization: Bearer <api token>`, before anything of a body is read: a caller who is not
   * known cannot make the service wait for one. Holds for every route of the scope.
   *
   * @throws Refusal `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_REVOKED`, `TOKEN_EXPIRED`, `USER_DEACTIVATED` …: as the answer
   */
  readonly authenticateFirst: (scope: FastifyInstance) => void
  /** Who sent a request that got through. */
  readonly callerOf: (request: FastifyRequest) => Caller
  /** Finds it out again, for a call that lasts. @throws Refusal as at first */
  readonly authenticateAgain: (request: FastifyRequest) => Promise<Caller>
}

/** Remembers who sends requests. */
export function openCallers(http: HttpServer, application: Pick<Application, 'authenticate'>): Callers {
  const callers = new WeakMap<FastifyRequest, Caller>()
  async function authenticate({ raw, params }: FastifyRequest, before?: Caller): Promise<Caller> {
    // An address that names its organization names it for whoever calls by the token of a job, too.
    const { organizationId } = (params ?? {}) as { readonly organizationId?: string }
    const credentials = { ...callCredentials(raw), ...(organizationId !== undefined && { organizationId }) }
    try {
      return await application.authenticate(credentials, http.clientOf(raw).address, before)
    } catch (error) {
      throw error instanceof Refusal ? new RefusedCaller(error) : error
    }
  }
  return {
    authenticateFirst: (scope) =>
      void scope.addHook('onRequest', async (request) => {
        callers.set(request, await authenticate(request))
      }),
    callerOf(request) {
      const caller = callers.get(request)
      if (caller === undefined) throw new Error('The route is outside of the scope that authenticates.')
      return caller
    },
    authenticateAgain: (request) => authenticate(request, callers.get(request)),
  }
}
