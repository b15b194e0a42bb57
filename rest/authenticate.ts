import type { FastifyRequest } from 'fastify'
import type { Application, Caller } from '../application/index.ts'

/**
 * Finds out who calls, by the header `Authorization: Bearer <api token>`. A trusted build system sends its own token
 * after the API token and a colon; who calls is said by the first alone.
 *
 * @throws Refusal `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_REVOKED`, `TOKEN_EXPIRED`, `USER_DEACTIVATED`
 */
export async function authenticateRequest(application: Application, request: FastifyRequest): Promise<Caller> {
  const [, credentials] = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '') ?? []
  return application.authenticate(credentials?.split(':', 1)[0], request.ip)
}
