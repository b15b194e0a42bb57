import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Application } from '../application/index.ts'
import { Refusal } from '../domain/index.ts'
import { inviteBody } from '../http/index.ts'
import { parseInput } from './invalid-input.ts'

/** The longest body, in bytes: a token and a name. */
const maximumBodyLength = 4 * 1024

const bodySchema = z.strictObject({
  invitation: z.string('must be the token of the invitation'),
  tokenName: z.string('must be a text').optional(),
})

/**
 * `POST /invitations/accept`: accepts an invitation, whose token in the body says who asks. JSON `{ "invitation": "csi_…",
 * "tokenName": "…" }`; answers `userId`, `apiTokenId` and `token`, the first API token, which is shown this once.
 */
export function registerInvitations(
  fastify: FastifyInstance,
  application: Pick<Application, 'acceptInvitation'>,
  addressOf: (request: FastifyRequest) => string | undefined,
): void {
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: maximumBodyLength },
    (_request, text, done) => done(null, text),
  )
  fastify.addHook('onRequest', async (request, reply) => inviteBody(request.raw, reply.raw))
  fastify.post('/invitations/accept', { config: { access: 'everybody' } }, async (request, reply) => {
    const { invitation, tokenName = 'first token' } = parseInput(bodySchema, jsonOf(request.body))
    const accepted = await application.acceptInvitation({ invitation, tokenName }, addressOf(request))
    const { userId, tokenId: apiTokenId, token } = accepted
    return reply.header('cache-control', 'no-store').send({ userId, apiTokenId, token })
  })
}

/** @throws Refusal `REQUEST_MALFORMED`, whose message does not repeat the text: it holds a secret */
function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    throw new Refusal('REQUEST_MALFORMED', 'The body is no JSON.')
  }
}
