import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { Application, Caller, PersonReader } from '../../application/index.ts'
import {
  type ArtifactStore,
  createUploads,
  createVerifiedReader,
  openFolderStore,
  openUploadRegistry,
} from '../../artifacts/index.ts'
import { type ApiTokenId, type OrganizationId, Refusal, type Sha256Digest, type UserId } from '../../domain/index.ts'
import type { EventLog } from '../../event-log/index.ts'
import { type HttpServer, type HttpServerOptions, openHttpServer } from '../../http/index.ts'
import type { ReadModel } from '../../projections/index.ts'
import { problemErrorHandler, registerRest } from '../../rest/index.ts'
import { sealedNobody } from './persons.ts'
import { secretsIn } from './secrets.ts'
import { temporaryFolder } from './temporary-folder.ts'

type OpenArtifact = Application['openArtifact']

/** The HTTP API on a free port, over a real artifact store. */
export type RestServer = {
  readonly url: string
  readonly port: number
  /** The token of the one user that the server knows. */
  readonly token: string
  readonly organizationId: OrganizationId
  readonly userId: UserId
  readonly store: ArtifactStore
  readonly storeFolder: string
  readonly fastify: FastifyInstance
  readonly routes: HttpServer['routes']
  /** Puts an artifact in place of a request's; answers the path under which it is downloaded. */
  readonly publish: (bytes: Uint8Array, fileName?: string) => Promise<{ path: string; sha256: Sha256Digest }>
  /** What the server logged. */
  readonly logged: string[]
}

/** Starts it; `openArtifact` can be replaced to see how failures are told. */
export async function startRestServer(
  options: {
    readonly maximumUploadSize?: number
    readonly openArtifact?: OpenArtifact
    readonly http?: Partial<HttpServerOptions>
  } = {},
): Promise<RestServer> {
  const { maximumUploadSize = 1_000_000_000 } = options
  const storeFolder = temporaryFolder()
  const store = await openFolderStore({ path: storeFolder, maximumSize: maximumUploadSize })
  const registry = await openUploadRegistry({ path: join(storeFolder, 'uploads'), now: () => new Date() })
  const uploads = createUploads({ store, registry })
  const reader = createVerifiedReader(store)
  const published = new Map<string, { readonly sha256: Sha256Digest; readonly fileName: string }>()

  const token = `token-${randomUUID()}`
  const caller: Caller = {
    organizationId: randomUUID() as OrganizationId,
    userId: randomUUID() as UserId,
    kind: 'ci',
    person: sealedNobody,
    roles: [],
    scope: null,
    authentication: { method: 'apiToken', tokenId: randomUUID() as ApiTokenId },
    remoteAddress: '127.0.0.1',
    callId: randomUUID(),
  }
  const openPublished: OpenArtifact = async (_, { signingRequestId, which }) => {
    const artifact = published.get(signingRequestId)
    if (artifact === undefined) throw new Refusal('SIGNING_REQUEST_NOT_FOUND', 'There is no such signing request.')
    if (which === 'unsigned') throw new Refusal('SIGNED_ARTIFACT_NOT_READY', 'Not yet.')
    const { sha256, size } = await store.open(artifact.sha256)
    return { sha256, size, fileName: artifact.fileName, read: (range) => reader.read(sha256, range) }
  }
  const application: Pick<Application, 'authenticate' | 'admitUpload' | 'uploadArtifact' | 'openArtifact'> = {
    async authenticate({ apiToken: presented }) {
      if (presented === undefined) throw new Refusal('TOKEN_MISSING', 'Send an API token.')
      if (presented !== token) throw new Refusal('TOKEN_INVALID', 'The API token is not known.')
      return caller
    },
    admitUpload: async () => undefined,
    async uploadArtifact({ organizationId, userId }, input) {
      try {
        return await uploads.receive({ organizationId, userId, ...input })
      } catch (error) {
        throw error instanceof Error && 'transient' in error && error.transient === false && 'code' in error
          ? new Refusal(String(error.code), error.message)
          : error
      }
    },
    openArtifact: options.openArtifact ?? openPublished,
  }

  const logged: string[] = []
  const logger = pino({}, { write: (line: string) => void logged.push(line) })
  const http = openHttpServer({ logger, answerError: problemErrorHandler(logger), ...options.http })
  const { fastify } = http
  const secrets = secretsIn(storeFolder)
  registerRest(http, {
    application: application as Application,
    readModel: {} as ReadModel,
    log: {} as EventLog,
    persons: {} as PersonReader,
    openPlan: () => Promise.reject(new Error('There are no plans here.')),
    publicUrl: 'https://signing.example.com',
    maximumUploadSize,
    secrets,
    logger,
  })
  await fastify.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    await fastify.close()
    await secrets.close()
    registry.close()
    await store.close()
  })
  const { port } = fastify.server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    token,
    organizationId: caller.organizationId,
    userId: caller.userId,
    store,
    storeFolder,
    fastify,
    routes: http.routes,
    logged,
    async publish(bytes, fileName = 'setup.exe') {
      async function* whole() {
        yield bytes
      }
      const { sha256 } = await store.put(whole())
      const id = randomUUID()
      published.set(id, { sha256, fileName })
      return { path: `/Api/v1/${caller.organizationId}/SigningRequests/${id}/SignedArtifact`, sha256 }
    },
  }
}
