import { Readable } from 'node:stream'
import { create as createContentDisposition } from 'content-disposition'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Application, type Caller, type OpenedArtifact, permissionsOfUseCases } from '../application/index.ts'
import { Refusal } from '../domain/index.ts'
import { formatDigest } from './content-digest.ts'
import { select } from './preconditions.ts'
import { RangeNotSatisfiable } from './range-not-satisfiable.ts'

type ArtifactRoute = { Params: { organizationId: string; signingRequestId: string } }

/**
 * `GET` and `HEAD` of `/Api/v1/{organizationId}/SigningRequests/{id}/SignedArtifact` and `/UnsignedArtifact`: streams
 * the bytes, whole or a range. The entity tag is the SHA-256, so a client can go on with a download and be sure that it
 * is the same artifact.
 */
export function registerDownloads(
  fastify: FastifyInstance,
  application: Application,
  callerOf: (request: FastifyRequest) => Caller,
): void {
  for (const [name, which] of [
    ['SignedArtifact', 'signed'],
    ['UnsignedArtifact', 'unsigned'],
  ] as const)
    fastify.route<ArtifactRoute>({
      method: ['GET', 'HEAD'],
      // Fastify's own HEAD would read the whole artifact to throw it away.
      exposeHeadRoute: false,
      config: { access: permissionsOfUseCases.openArtifact },
      url: `/Api/v1/:organizationId/SigningRequests/:signingRequestId/${name}`,
      handler: async (request, reply) => {
        const caller = callerOf(request)
        requireOrganization(caller, request.params.organizationId)
        const { signingRequestId } = request.params
        const artifact = await application.openArtifact(caller, { signingRequestId, which })
        // The answer to HEAD must be that to GET, and only whoever reads finds out that the bytes are not what they were.
        if (request.method === 'HEAD') await drain(artifact.read({ start: 0, end: 0 }))
        return sendArtifact(request, reply, artifact)
      },
    })
}

/** Who belongs to another organization does not learn which exist. */
function requireOrganization(caller: Caller, organizationId: string): void {
  if (organizationId.toLowerCase() !== caller.organizationId)
    throw new Refusal('ORGANIZATION_NOT_FOUND', 'Your token belongs to no organization of this id.')
}

function sendArtifact(request: FastifyRequest, reply: FastifyReply, artifact: OpenedArtifact): FastifyReply {
  const { fileName, sha256, size } = artifact
  const etag = `"${sha256}"`
  const selection = select(request.headers, etag, size)
  if (selection.kind === 'preconditionFailed')
    throw new Refusal('PRECONDITION_FAILED', `The artifact is not one that If-Match names; its tag is ${etag}.`)
  if (selection.kind === 'notSatisfiable') throw new RangeNotSatisfiable(size)
  reply.headers({
    etag,
    // Whoever may not download any more must not be served by a cache.
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
  })
  if (selection.kind === 'notModified') return reply.code(304).send()
  const { start, end } = selection.kind === 'part' ? selection : { start: 0, end: size }
  if (selection.kind === 'part') reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${size}`)
  reply.headers({
    'content-type': 'application/octet-stream',
    'content-length': String(end - start),
    'content-disposition': attachment(fileName),
    'repr-digest': formatDigest(sha256),
    'x-content-type-options': 'nosniff',
  })
  if (request.method === 'HEAD') return reply.send()
  return reply.send(Readable.from(artifact.read({ start, end }), { objectMode: false }))
}

/** The header that makes a browser save a file by its name (RFC 6266): in ASCII for old clients, and whole (RFC 8187). */
function attachment(fileName: string): string {
  const whole = fileName.toWellFormed()
  return createContentDisposition(whole, { fallback: whole.replace(/[^\x20-\x7e]|["\\%]/gu, '_') })
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}
