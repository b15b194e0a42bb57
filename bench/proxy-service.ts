import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { registerRest } from '../rest/index.ts'
import { readSettings } from '../server/configuration.ts'
import { openUsedStatements } from '../server/used-statements.ts'
import { openGraphQLServer } from '../test/support/graphql-server.ts'
import { withFolder } from './folder.ts'

/** What a process of the bench says of itself, as one line of JSON. */
export type ServedByBench = {
  readonly port: number
  /** Of the service: what a node asks, by which token, and what its proxy adds. */
  readonly statusPath?: string
  readonly token?: string
  readonly administratorToken?: string
  readonly trustedBuildSystemId?: string
  readonly trustedBuildSystemToken?: string
}

// `node bench/proxy-service.ts service CERTIFICATE KEY` is the HTTP API by TLS over a real log, artifact store and read model.
// `node bench/proxy-service.ts bare CERTIFICATE KEY AUTHORITIES` is Node's TLS server and nothing else. Both end with their input.
const [what, certificateFile = '', keyFile = '', authorities = ''] = process.argv.slice(2)
const identity = { certificate: await readFile(certificateFile), key: await readFile(keyFile) }
await (what === 'bare' ? serveBare() : withFolder(serveApi))
process.exit(0)

async function serveBare(): Promise<void> {
  const options = {
    cert: identity.certificate,
    key: identity.key,
    ca: await readFile(authorities),
    requestCert: true,
    rejectUnauthorized: true,
  }
  const server = createServer(options, (incoming, response) => {
    incoming.resume()
    response.end('{}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  await sayAndWait({ port: (server.address() as AddressInfo).port })
}

async function serveApi(folder: string): Promise<void> {
  const environment = { COUNTERSIGN_DATA: folder }
  const settings = readSettings({ environment, configFile: undefined, overrides: {} })
  const usedStatements = await openUsedStatements(settings, pino({ level: 'silent' }))
  const server = await openGraphQLServer(folder, {
    maximumArtifactSize: 8e9,
    usedStatements,
    http: { tls: { identity, onServer: () => undefined } },
    register: (http, _application, rest) => registerRest(http, rest),
  })
  const by = await server.application.authenticate({ apiToken: server.administrator.token }, undefined)
  const made = await server.application.createTrustedBuildSystem(by, {
    slug: 'nodes',
    name: 'Nodes',
    description: null,
    kind: 'authenticationProxy',
  })
  const signingRequestId = await server.submit('test-signing')
  await server.caughtUp()
  await sayAndWait({
    port: (server.fastify.server.address() as AddressInfo).port,
    statusPath: `/Api/v1/${server.organizationId}/SigningRequests/${signingRequestId}/Status`,
    token: server.submitter.token,
    administratorToken: server.administrator.token,
    trustedBuildSystemId: made.trustedBuildSystemId,
    trustedBuildSystemToken: made.token,
  })
  await server.close()
  await usedStatements.close()
}

async function sayAndWait(served: ServedByBench): Promise<void> {
  process.stdout.write(`${JSON.stringify(served)}\n`)
  process.stdin.resume()
  await once(process.stdin, 'end')
}
