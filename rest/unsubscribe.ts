import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Application } from '../application/index.ts'

/** The longest body, in bytes: RFC 8058 sends `List-Unsubscribe=One-Click`. What it says does not matter. */
const maximumBodyLength = 4 * 1024

type WithToken = { readonly Params: { readonly token: string } }

/**
 * `GET` and `POST /notifications/unsubscribe/<token>`: the address of `List-Unsubscribe` in mails. A POST turns the mails off,
 * whoever sends it and whatever its body is: mail programs send it without a cookie (RFC 8058 §3). A GET changes nothing, since
 * programs that look for bad links open each; it answers a page with a button.
 */
export function registerUnsubscribe(
  fastify: FastifyInstance,
  application: Pick<Application, 'readUnsubscription' | 'unsubscribe'>,
  addressOf: (request: FastifyRequest) => string | undefined,
): void {
  fastify.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maximumBodyLength }, (_request, _body, done) =>
    done(null, undefined),
  )
  const path = '/notifications/unsubscribe/:token'
  fastify.get<WithToken>(path, { config: { access: 'everybody' } }, async ({ params: { token } }, reply) => {
    const { kind } = application.readUnsubscription(token)
    const what = kind === 'daily' ? 'the mail that comes once a day' : `mails of the kind ${kind}`
    return page(
      reply,
      `<p>Do you want to get no more of ${what}?</p><form method="post"><button>Get no more of them</button></form>`,
    )
  })
  fastify.post<WithToken>(path, { config: { access: 'everybody' } }, async (request, reply) => {
    await application.unsubscribe(request.params.token, addressOf(request))
    return page(reply, '<p>You get no more of them. <code>countersign notification set</code> turns them on again.</p>')
  })
}

/** A page without anything that is loaded, and without texts of others. */
function page(reply: FastifyReply, body: string): FastifyReply {
  return reply
    .headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'content-type': 'text/html; charset=utf-8',
    })
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mails</title></head><body>${body}</body></html>\n`,
    )
}
