import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createEventStoreDbLog } from '../../event-log/eventstoredb.ts'
import { newEvent, newStream } from '../support/event-log/events.ts'
import {
  createStore,
  type EventStoreDbStandIn,
  type StandInOptions,
  startEventStoreDbStandIn,
} from '../support/eventstoredb-stand-in/index.ts'
import { freePort } from '../support/free-port.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { makeTlsAuthority, type TlsAuthority, type TlsIdentity } from '../support/tls-authority.ts'

describe('EventStoreDB over TLS', () => {
  const folder = suiteFolder()
  const servers: EventStoreDbStandIn[] = []
  let authority: TlsAuthority
  let stranger: TlsAuthority
  let identity: TlsIdentity
  let client: TlsIdentity
  let foreignClient: TlsIdentity

  beforeAll(async () => {
    authority = await makeTlsAuthority(folder, 'authority')
    stranger = await makeTlsAuthority(folder, 'stranger')
    identity = await authority.issue('server', 'IP:127.0.0.1')
    client = await authority.issue('client')
    foreignClient = await stranger.issue('client')
  })
  afterAll(async () => {
    for (const server of servers) await server.kill()
  })

  async function start(options: StandInOptions): Promise<string> {
    const server = await startEventStoreDbStandIn(createStore(), options)
    servers.push(server)
    return `esdb://127.0.0.1:${server.port}`
  }

  /** What an append and a look at the end come to. */
  async function attempt(options: Parameters<typeof createEventStoreDbLog>[0]) {
    const log = createEventStoreDbLog({ callTimeoutMs: 2_000, ...options })
    try {
      await log.append(newStream(), [newEvent()], 'noStream')
      return await log.head()
    } finally {
      await log.close()
    }
  }

  const trusting = () => ({ authorities: authority.certificate, client: undefined })
  const unavailable = (message: string) => ({
    code: 'EVENT_LOG_UNAVAILABLE',
    message: expect.stringContaining(message),
  })

  test('reaches a server of its authority, by settings and by the connection string', async () => {
    const connectionString = await start({ tls: { identity } })
    expect(await attempt({ connectionString, tls: trusting(), callTimeoutMs: 60_000 })).toBeDefined()
    const file = encodeURIComponent(authority.certificateFile)
    const told = `${connectionString}?tls=true&tlsCAFile=${file}`
    expect(await attempt({ connectionString: told, callTimeoutMs: 60_000 })).toBeDefined()
    const renamed = told.replace('esdb://', 'kurrentdb://')
    expect(await attempt({ connectionString: renamed, callTimeoutMs: 60_000 })).toBeDefined()
  })

  test('proves who it is by a certificate', async () => {
    const connectionString = await start({ tls: { identity, clientAuthority: authority.certificate } })
    const tls = { ...trusting(), client }
    expect(await attempt({ connectionString, tls, callTimeoutMs: 60_000 })).toBeDefined()
  })

  test('proves who it is by a password, and says when that is wrong or missing', async () => {
    const connectionString = await start({ tls: { identity }, users: { ops: 'a:b@c/%?' } })
    const tls = trusting()
    const credentials = { user: 'ops', password: 'a:b@c/%?' }
    expect(await attempt({ connectionString, tls, credentials, callTimeoutMs: 60_000 })).toBeDefined()
    const denied = { code: 'EVENT_LOG_ACCESS_DENIED', message: expect.stringContaining('credentials') }
    await expect(attempt({ connectionString, tls })).rejects.toMatchObject(denied)
    const wrong = { ...credentials, password: 's3cret' }
    await expect(attempt({ connectionString, tls, credentials: wrong })).rejects.toMatchObject(denied)
    await expect(attempt({ connectionString, tls, credentials: wrong })).rejects.not.toThrow(/s3cret/)
  })

  test('a server of another authority', async () => {
    const connectionString = await start({ tls: { identity } })
    const tls = { ...trusting(), authorities: stranger.certificate }
    const reason = unavailable('leads to no authority that is trusted here')
    await expect(attempt({ connectionString, tls })).rejects.toMatchObject(reason)
    const bySystem = { ...trusting(), authorities: undefined }
    await expect(attempt({ connectionString, tls: bySystem })).rejects.toMatchObject(reason)
  })

  test('a server of another name', async () => {
    const elsewhere = await authority.issue('elsewhere', 'DNS:example.com')
    const connectionString = await start({ tls: { identity: elsewhere } })
    await expect(attempt({ connectionString, tls: trusting() })).rejects.toMatchObject(
      unavailable('is for another name'),
    )
  })

  test('TLS to a server without it, and the reverse', async () => {
    const [plain, secure] = [await start({}), await start({ tls: { identity } })]
    await expect(attempt({ connectionString: plain, tls: trusting() })).rejects.toMatchObject(
      unavailable('speaks no TLS'),
    )
    await expect(attempt({ connectionString: secure, tls: 'plain' })).rejects.toMatchObject(
      unavailable('does not take a connection without TLS'),
    )
  })

  test('no certificate where one is wanted, and one of another authority', async () => {
    const connectionString = await start({ tls: { identity, clientAuthority: authority.certificate } })
    await expect(attempt({ connectionString, tls: trusting() })).rejects.toMatchObject(
      unavailable('wants a certificate of the client'),
    )
    await expect(attempt({ connectionString, tls: { ...trusting(), client: foreignClient } })).rejects.toMatchObject(
      unavailable('does not accept the certificate of this client'),
    )
  })

  test('a port that nothing listens at, of one node and of a cluster, and a host that is not known', async () => {
    const port = await freePort()
    const refused = unavailable(`Nothing listens at 127.0.0.1:${port}`)
    for (const connectionString of [
      `esdb://127.0.0.1:${port}?tls=false`,
      `esdb://127.0.0.1:${port}`,
      `esdb://127.0.0.1:${port},127.0.0.1:${port}?maxDiscoverAttempts=1&discoveryInterval=10`,
    ])
      await expect(attempt({ connectionString })).rejects.toMatchObject(refused)
    const nowhere = 'esdb://nowhere.invalid:2113?tls=false'
    await expect(attempt({ connectionString: nowhere })).rejects.toMatchObject(unavailable('nowhere.invalid'))
  })

  test('something else that listens', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await new Promise((resolve) => silent.once('listening', resolve))
    const connectionString = `esdb://127.0.0.1:${(silent.address() as AddressInfo).port}?tls=false`
    await expect(attempt({ connectionString })).rejects.toMatchObject(unavailable('answers nothing'))
  })

  test.each([
    ['a user', { connectionString: 'esdb://a:s3cret@h', credentials: { user: 'b', password: 's3cret' } }],
    ['TLS', { connectionString: 'esdb://h?tls=false', tls: { authorities: undefined, client: undefined } }],
    [
      'a password without TLS',
      { connectionString: 'esdb://h', tls: 'plain', credentials: { user: 'b', password: 's3cret' } },
    ],
    ['a certificate without its key', { connectionString: 'esdb://h?userCertFile=a' }],
    ['a file that is not there', { connectionString: 'esdb://h?tlsCAFile=/nowhere' }],
  ] as const)('what is said twice, or cannot be, is refused: %s', (_, options) => {
    const open = () => createEventStoreDbLog(options)
    expect(open).toThrow(expect.objectContaining({ code: 'EVENT_LOG_ARGUMENT_INVALID' }))
    expect(open).not.toThrow(/s3cret/)
  })
})
