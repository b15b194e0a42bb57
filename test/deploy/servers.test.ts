import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import grpcStreams from '@eventstore/db-client/generated/streams_grpc_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { readSettings } from '../../server/configuration.ts'
import { findTemporalCli } from '../../server/embedded/find-temporal-cli.js'
import { newPayloadKey } from '../../server/payload-codec.ts'
import { connectClient, temporalTarget } from '../../server/temporal.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { useTemporalServer } from '../support/temporal.ts'
import { makeSecrets } from './made-secrets.ts'

const root = join(import.meta.dirname, '..', '..')
const made = makeSecrets(join(suiteFolder(), 'deploy'))
const at = (name: string) => join(made.secrets, name)
const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true })
const temporal = useTemporalServer()

/** A server of the compose file as its clients meet it: TLS with its certificate, passed on by protocol. */
async function before(
  name: 'temporal' | 'event-log',
  portOf: (protocol: string | false | null) => number,
  options: { readonly clientsHaveCertificates: boolean },
): Promise<number> {
  const proxy = createServer(
    {
      cert: readFileSync(at(`${name}-server.pem`)),
      key: readFileSync(at(`${name}-server.key`)),
      ca: readFileSync(at(`${name}-ca.pem`)),
      requestCert: options.clientsHaveCertificates,
      rejectUnauthorized: options.clientsHaveCertificates,
      ALPNProtocols: ['h2', 'http/1.1'],
    },
    (socket: TLSSocket) => {
      const upstream = connect(portOf(socket.alpnProtocol), '127.0.0.1')
      socket.on('error', () => upstream.destroy())
      upstream.on('error', () => socket.destroy())
      socket.pipe(upstream).pipe(socket)
    },
  ).listen(0, '127.0.0.1')
  proxy.on('tlsClientError', () => undefined)
  onTestFinished(() => void proxy.close())
  await once(proxy, 'listening')
  return (proxy.address() as AddressInfo).port
}

describe("Temporal, with the compose file's certificates", () => {
  const port = () =>
    before('temporal', () => Number(temporal().address.split(':')[1]), { clientsHaveCertificates: true })

  /** @param withinMs who is refused is not told, and waits so long */
  async function describeNamespace(
    values: Readonly<Record<string, string>>,
    withinMs = 20_000,
  ): Promise<string | undefined | null> {
    const environment = {
      COUNTERSIGN_PAYLOAD_KEY: newPayloadKey(),
      COUNTERSIGN_TEMPORAL_ADDRESS: `localhost:${await port()}`,
      COUNTERSIGN_TEMPORAL_TLS_CA: at('temporal-ca.pem'),
      ...values,
    }
    const { client, close } = connectClient(temporalTarget(readSettings({ environment }), 'worker'))
    try {
      const { connection } = client
      const answer = await connection.withDeadline(Date.now() + withinMs, () =>
        connection.workflowService.describeNamespace({ namespace: 'default' }),
      )
      return answer.namespaceInfo?.name
    } finally {
      await close()
    }
  }
  const certificate = (name: string) => ({
    COUNTERSIGN_TEMPORAL_TLS_CERTIFICATE: at(`${name}.pem`),
    COUNTERSIGN_TEMPORAL_TLS_KEY: at(`${name}.key`),
  })

  it.each(['api', 'worker', 'signer', 'projector'])('takes the %s', async (role) => {
    expect(await describeNamespace(certificate(`temporal-${role}`))).toBe('default')
  })

  it('refuses who has none, and whoever is known to PostgreSQL only', async () => {
    await expect(describeNamespace({}, 2_000)).rejects.toThrow()
    await expect(describeNamespace(certificate('postgresql-api'), 2_000)).rejects.toThrow()
  })

  it("is found healthy by the container's own check, and by the set-up's calls", async () => {
    const cli = findTemporalCli(process.env)?.path
    if (cli === undefined) throw new Error('There is no Temporal command line; npm test gets it.')
    const { healthcheck, environment } = compose.services.temporal as {
      readonly healthcheck: { readonly test: readonly string[] }
      readonly environment: Readonly<Record<string, string>>
    }
    const address = `127.0.0.1:${await port()}`
    const here = (text: string) => text.replaceAll('/run/secrets', made.secrets).replaceAll('127.0.0.1:7233', address)
    const [program = '', ...args] = here(healthcheck.test[1] ?? '')
      .trim()
      .split(/\s+/)
    expect(program).toBe('temporal')
    const run = (given: readonly string[], env: Readonly<Record<string, string>>) =>
      promisify(execFile)(cli, [...given], { env: { PATH: process.env.PATH ?? '', HOME: made.secrets, ...env } })
    expect((await run(args, {})).stdout).toContain('default')
    // What the image's set-up calls takes everything from its environment.
    const names = Object.entries(environment).filter(([name]) => /^TEMPORAL_(ADDRESS|TLS_)/.test(name))
    const settings = Object.fromEntries(names.map(([name, value]) => [name, here(String(value))]))
    expect((await run(['operator', 'cluster', 'health'], settings)).stdout).toContain('SERVING')
  })
})

describe("the event log's init", () => {
  type Call = { readonly path: string | undefined; readonly body: unknown; readonly authorization: string | undefined }

  /** What KurrentDB is for it: users by HTTP, streams by gRPC, on one port with TLS. */
  async function eventStore(usersThatExist: readonly string[] = []) {
    const calls: Call[] = []
    const http = createHttpServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
      const body = JSON.parse(Buffer.concat(parts).toString())
      calls.push({ path: request.url, body, authorization: request.headers.authorization })
      const exists = request.url === '/users/' && usersThatExist.includes(body.loginName)
      response.writeHead(exists ? 409 : request.url === '/users/' ? 201 : 200).end()
    }).listen(0, '127.0.0.1')
    const appended: { stream: string; type: string | undefined; data: unknown }[] = []
    const grpc = new Server()
    grpc.addService(grpcStreams.StreamsService, {
      read: (call: { request: streamsPb.ReadReq; write: (answer: streamsPb.ReadResp) => void; end: () => void }) => {
        const missing = new streamsPb.ReadResp.StreamNotFound()
        missing.setStreamIdentifier(call.request.getOptions()?.getStream()?.getStreamIdentifier())
        const answer = new streamsPb.ReadResp()
        answer.setStreamNotFound(missing)
        call.write(answer)
        call.end()
      },
      append: async (
        call: AsyncIterable<streamsPb.AppendReq>,
        answer: (error: Error | null, value: streamsPb.AppendResp) => void,
      ) => {
        let stream = ''
        for await (const message of call) {
          const name = message.getOptions()?.getStreamIdentifier()?.getStreamName_asU8()
          if (name !== undefined) stream = Buffer.from(name).toString()
          const event = message.getProposedMessage()
          if (event !== undefined)
            appended.push({
              stream,
              type: event.getMetadataMap().get('type'),
              data: JSON.parse(Buffer.from(event.getData_asU8()).toString()),
            })
        }
        const success = new streamsPb.AppendResp.Success()
        success.setCurrentRevision('0')
        const value = new streamsPb.AppendResp()
        value.setSuccess(success)
        answer(null, value)
      },
    })
    const grpcPort = await new Promise<number>((resolve, reject) =>
      grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    )
    onTestFinished(() => {
      http.close()
      grpc.forceShutdown()
    })
    const httpPort = (http.address() as AddressInfo).port
    const port = await before('event-log', (protocol) => (protocol === 'h2' ? grpcPort : httpPort), {
      clientsHaveCertificates: false,
    })
    return { port, calls, appended }
  }

  function init(port: number, changes: Readonly<Record<string, string>> = {}) {
    const { environment } = compose.services['event-log-init'] as { environment: Readonly<Record<string, string>> }
    const here = Object.entries(environment).map(([name, value]) => [
      name,
      value.replace('/run/secrets', made.secrets).replace('event-log:2113', `localhost:${port}`),
    ])
    const env = { PATH: process.env.PATH ?? '', ...Object.fromEntries(here), ...changes }
    return promisify(execFile)(process.execPath, [join(root, 'deploy', 'eventstoredb', 'init.ts')], { env })
  }
  const secret = (name: string) => readFileSync(at(name), 'utf8')

  it('makes a user who can neither delete events nor hide them, and lets it read $all', async () => {
    const { port, calls, appended } = await eventStore()
    expect((await init(port)).stdout).toContain('The user countersign of the event log is set up.')
    const password = secret('event-log-password')
    const authorization = `Basic ${Buffer.from(`admin:${secret('event-log-admin-password')}`).toString('base64')}`
    const body = { loginName: 'countersign', fullName: 'Countersign', groups: [], password }
    expect(calls).toEqual([{ path: '/users/', body, authorization }])
    const readers = ['$admins', 'countersign']
    expect(appended).toMatchObject([
      {
        stream: '$settings',
        data: {
          $userStreamAcl: { $r: readers, $w: readers, $d: ['$admins'], $mw: ['$admins'] },
          $systemStreamAcl: { $r: ['$admins'], $w: ['$admins'] },
        },
      },
      { stream: '$$$all', type: '$metadata', data: { $acl: { $r: readers } } },
    ])
    expect(JSON.stringify(appended)).not.toContain(password)
  })

  it('gives a user who is there the password of the secret', async () => {
    const { port, calls } = await eventStore(['countersign'])
    await init(port)
    expect(calls.map(({ path }) => path)).toEqual(['/users/', '/users/countersign/command/reset-password'])
    expect(calls[1]?.body).toEqual({ newPassword: secret('event-log-password') })
  })

  it('tells its passwords to no server of another authority', async () => {
    const { port, calls } = await eventStore()
    await expect(init(port, { EVENT_STORE_CA: at('temporal-ca.pem') })).rejects.toThrow(/certificate/)
    expect(calls).toEqual([])
  })
})
