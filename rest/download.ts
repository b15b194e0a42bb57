import { Readable } from 'node:stream'
import { create as createContentDisposition } from 'content-disposition'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  type Application,
  type Caller,
  type OpenArtifactInput,
  type OpenedArtifact,
  permissionsOfUseCases,
} from '../application/index.ts'
import { Refusal } from '../domain/index.ts'
import { formatDigest } from '../http/index.ts'
import { type Operation, operation, organizationPath } from './operation.ts'
import { select } from './preconditions.ts'
import { RangeNotSatisfiable } from './range-not-satisfiable.ts'

/**
 * `GET` and `HEAD` of `…/SigningRequests/{id}/SignedArtifact`, `/UnsignedArtifact`, `/Provenance`, `/ProvenanceBundle`,
 * `/BuildSettingsFile` and `/OriginEvidence/{sha256}`: streams the bytes, whole or a range. The entity tag is the SHA-256, so a client can go on with a
 * download and be sure that it is the same artifact.
 */
export function downloadOperations(application: Pick<Application, 'openArtifact'>): readonly Operation[] {
  const download = ({ operationId, which, summary, part }: Download) =>
    operation({
      method: 'GET',
      withHead: true,
      path: `${organizationPath}/SigningRequests/{signingRequestId}/${operationId.replace('download', '')}${part === undefined ? '' : `/{${part}}`}`,
      access: permissionsOfUseCases.openArtifact,
      operationId,
      tag: 'Signing requests',
      summary,
      parameters: part === undefined ? ofRequest : ofFile,
      answers: downloadAnswers,
      handle: ({ caller, parameters, request }) =>
        handleDownload(application, { caller, ...parameters, which, request }),
    })
  return [
    download({ operationId: 'downloadSignedArtifact', which: 'signed', summary: 'Download what was signed' }),
    download({ operationId: 'downloadUnsignedArtifact', which: 'unsigned', summary: 'Download what was submitted' }),
    download({
      operationId: 'downloadProvenance',
      which: 'provenance',
      summary: 'Download where it comes from, as a signed statement (DSSE envelope)',
    }),
    download({
      operationId: 'downloadProvenanceBundle',
      which: 'provenanceBundle',
      summary: 'Download where it comes from, as a sigstore bundle',
    }),
    download({
      operationId: 'downloadBuildSettingsFile',
      which: 'buildSettings',
      summary: 'Download the file that said how to build',
    }),
    download({
      operationId: 'downloadOriginEvidence',
      which: 'originEvidence',
      part: 'sha256',
      summary: 'Download what the build system answered when the origin was verified',
    }),
  ]
}

type Download = {
  /** The path ends as it does behind `download`. */
  readonly operationId: `download${string}`
  readonly which: OpenArtifactInput['which']
  readonly summary: string
  /** What names one file of several, behind the path. */
  readonly part?: 'sha256'
}

const ofRequest = z.object({ signingRequestId: z.string() })
const ofFile = z.object({ signingRequestId: z.string(), sha256: z.string() })

const headers = {
  ETag: 'The SHA-256 of the whole file.',
  'Content-Disposition': 'Its name.',
  'Repr-Digest': 'The SHA-256 of the whole file (RFC 9530).',
}

/** How an operation answers that gives a file. */
export const downloadAnswers = {
  200: { description: 'The file.', mediaType: 'application/octet-stream', headers },
  206: { description: 'The range asked for.', mediaType: 'application/octet-stream', headers },
  304: { description: 'The client has it: If-None-Match names it.' },
} as const

/** Answers a GET or HEAD of an artifact of a request. @throws Refusal as `openArtifact`; RangeNotSatisfiable */
export async function handleDownload(
  application: Pick<Application, 'openArtifact'>,
  { caller, request, ...asked }: OpenArtifactInput & { readonly caller: Caller; readonly request: FastifyRequest },
) {
  const artifact = await application.openArtifact(caller, asked)
  // The answer to HEAD must be that to GET, and only whoever reads finds out that the bytes are not what they were.
  if (request.method === 'HEAD') await drain(artifact.read({ start: 0, end: 0 }))
  return downloadAnswer(request, artifact)
}

/** Answers a GET or HEAD of a file, whole or in part, as the headers of the request ask. */
function downloadAnswer(request: FastifyRequest, artifact: OpenedArtifact) {
  const { fileName, sha256, size } = artifact
  const etag = `"${sha256}"`
  const selection = select(request.headers, etag, size)
  if (selection.kind === 'preconditionFailed')
    throw new Refusal('PRECONDITION_FAILED', `The artifact is not one that If-Match names; its tag is ${etag}.`)
  if (selection.kind === 'notSatisfiable') throw new RangeNotSatisfiable(size)
  const always = {
    etag,
    // Whoever may not download any more must not be served by a cache.
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
  }
  if (selection.kind === 'notModified') return { status: 304, headers: always } as const
  const { start, end } = selection.kind === 'part' ? selection : { start: 0, end: size }
  const isPart = selection.kind === 'part'
  return {
    status: isPart ? (206 as const) : (200 as const),
    headers: {
      ...always,
      ...(isPart ? { 'content-range': `bytes ${start}-${end - 1}/${size}` } : {}),
      'content-type': 'application/octet-stream',
      'content-length': String(end - start),
      'content-disposition': attachment(fileName),
      'repr-digest': formatDigest(sha256),
    },
    body: request.method === 'HEAD' ? '' : Readable.from(artifact.read({ start, end }), { objectMode: false }),
  }
}

/** The header that makes a browser save a file by its name (RFC 6266): in ASCII for old clients, and whole (RFC 8187). */
function attachment(fileName: string): string {
  const whole = fileName.toWellFormed()
  return createContentDisposition(whole, { fallback: whole.replace(/[^\x20-\x7e]|["\\%]/gu, '_') })
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}
