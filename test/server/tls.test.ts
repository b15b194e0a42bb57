import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { sql } from 'kysely'
import { pino } from 'pino'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { readSettings } from '../../server/configuration.ts'
import { openEventLog } from '../../server/event-log.ts'
import { newPayloadKey } from '../../server/payload-codec.ts'
import { openReadModelDatabase } from '../../server/read-models.ts'
import { connectClient, runWorker, temporalTarget } from '../../server/temporal.ts'
import { createStore, startEventStoreDbStandIn } from '../support/eventstoredb-stand-in/index.ts'
import { postgresForTests } from '../support/postgres.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { useTemporalServer } from '../support/temporal.ts'
import { makeTlsAuthority, type TlsAuthority, type TlsIdentity } from '../support/tls-authority.ts'

const folder = suiteFolder()
const logger = pino({ level: 'silent' })
let authority: TlsAuthority
let stranger: TlsAuthority
let server: TlsIdentity
let client: TlsIdentity

async function makeIdentities() {
  authority ??= await makeTlsAuthority(folder, 'authority')
  stranger ??= await makeTlsAuthority(folder, 'stranger')
  server ??= await authority.issue('server', 'IP:127.0.0.1')
  // PostgreSQL takes the common name for the user's.
  client ??= await authority.issue('test')
}

const postgres = postgresForTests(async () => {
  await makeIdentities()
  return { certificate: server.certificate, key: server.key, clientAuthority: authority.certificate }
})
const temporal = useTemporalServer()

beforeAll(makeIdentities)

/** Settings of one connection. */
function settings(prefix: 'TEMPORAL' | 'READ_MODEL' | 'EVENT_LOG', values: Record<string, string>) {
  const names = Object.entries(values).map(([name, value]) => [`COUNTERSIGN_${prefix}${name}`, value])
  return readSettings({ environment: { COUNTERSIGN_PAYLOAD_KEY: newPayloadKey(), ...Object.fromEntries(names) } })
}

const rightly = () => ({
  _TLS_CA: authority.certificateFile,
  _TLS_CERTIFICATE: client.certificateFile,
  _TLS_KEY: client.keyFile,
})

describe('the read model over TLS', () => {
  async function ask(values: Record<string, string>) {
    const address = await postgres.newDatabase()
    const database = await openReadModelDatabase(settings('READ_MODEL', { '': address, ...values }), logger)
    try {
      const { rows } = await sql<{ ssl: boolean }>`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`.execute(
        database.reads,
      )
      return rows[0]?.ssl
    } finally {
      await database.close()
    }
  }

  it('proves who it is by a certificate, without a password', async () => {
    expect(await ask(rightly())).toBe(true)
  })

  it('does not speak to a server of another authority', async () => {
    await expect(ask({ ...rightly(), _TLS_CA: stranger.certificateFile })).rejects.toThrow(/certificate/)
  })

  it('is refused without a certificate, and without TLS', async () => {
    await expect(ask({ _TLS_CA: authority.certificateFile })).rejects.toThrow(/certificate/)
    await expect(ask({})).rejects.toThrow(/no encryption/)
  })

  it('does not let the address say less', async () => {
    const address = `${await postgres.newDatabase()}?sslmode=no-verify`
    await expect(
      openReadModelDatabase(settings('READ_MODEL', { '': address, ...rightly() }), logger),
    ).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID', message: expect.stringContaining('sslmode') })
  })
})

describe('the event log over TLS', () => {
  async function ask(values: Record<string, string>, { tls = true } = {}) {
    const secured = { identity: server, clientAuthority: authority.certificate }
    const standIn = await startEventStoreDbStandIn(createStore(), tls ? { tls: secured, users: { ops: 's3cret' } } : {})
    onTestFinished(() => standIn.kill())
    const log = await openEventLog(settings('EVENT_LOG', { '': `esdb://127.0.0.1:${standIn.port}`, ...values }))
    try {
      return (await log.head()) ?? 'empty'
    } finally {
      await log.close()
    }
  }

  function passwordFile(password: string) {
    const path = join(folder, `password-${password}`)
    writeFileSync(path, `${password}\n`)
    return { _USER: 'ops', _PASSWORD_FILE: path }
  }

  it('proves who it is by a certificate and by a password from a file', async () => {
    expect(await ask({ ...rightly(), ...passwordFile('s3cret') })).toBe('empty')
    await expect(ask({ ...rightly(), ...passwordFile('wrong') })).rejects.toMatchObject({
      code: 'EVENT_LOG_ACCESS_DENIED',
    })
  })

  it('is left where the settings say so', async () => {
    expect(await ask({ _TLS: 'false' }, { tls: false })).toBe('empty')
  })

  it.each([
    ['a user without a password', () => ({ _USER: 'ops' })],
    ['a password without TLS', () => ({ _TLS: 'false', ...passwordFile('s3cret') })],
    ['two words on TLS', () => ({ '': 'esdb://127.0.0.1:2113?tls=false', ...rightly() })],
    ['two users', () => ({ '': 'esdb://ops:s3cret@127.0.0.1:2113', ...passwordFile('s3cret') })],
  ])('is refused by the name of the setting: %s', async (_, values) => {
    const refused = ask(values())
    await expect(refused).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining('COUNTERSIGN_EVENT_LOG'),
    })
    await expect(refused).rejects.not.toThrow(/s3cret/)
  })
})

describe('Temporal over TLS', () => {
  /** Temporal's development server speaks no TLS by itself: something before it does, and wants to know who comes. */
  async function secured(identity: TlsIdentity): Promise<string> {
    const [host = '', port = ''] = temporal().address.split(':')
    const proxy = createServer(
      {
        cert: identity.certificate,
        key: identity.key,
        ca: authority.certificate,
        requestCert: true,
        rejectUnauthorized: true,
        ALPNProtocols: ['h2'],
      },
      (socket) => {
        const upstream = connect(Number(port), host)
        socket.on('error', () => upstream.destroy())
        upstream.on('error', () => socket.destroy())
        socket.pipe(upstream).pipe(socket)
      },
    ).listen(0, '127.0.0.1')
    proxy.on('tlsClientError', () => undefined)
    onTestFinished(() => void proxy.close())
    await once(proxy, 'listening')
    return `127.0.0.1:${(proxy.address() as AddressInfo).port}`
  }

  async function ask(values: Record<string, string>) {
    const target = temporalTarget(settings('TEMPORAL', values), 'worker')
    const { client: temporalClient, close } = connectClient(target)
    try {
      const { connection } = temporalClient
      return await connection.withDeadline(Date.now() + 2_000, () =>
        connection.workflowService.describeNamespace({ namespace: 'default' }),
      )
    } finally {
      await close()
    }
  }

  it('proves who it is, as a client and as a worker', async () => {
    const address = await secured(server)
    const answer = await ask({ _ADDRESS: address, ...rightly() })
    expect(answer.namespaceInfo?.name).toBe('default')
    const target = temporalTarget(settings('TEMPORAL', { _ADDRESS: address, ...rightly() }), 'worker')
    const worker = await runWorker(target, { taskQueue: 'tls', activities: { async nothing() {} } }, logger)
    expect(worker.problem()).toBeUndefined()
    await worker.close()
  })

  it('does not speak to a server of another authority, or of another name', async () => {
    await expect(
      ask({ _ADDRESS: await secured(await stranger.issue('server', 'IP:127.0.0.1')), ...rightly() }),
    ).rejects.toThrow()
    await expect(
      ask({ _ADDRESS: await secured(await authority.issue('other', 'DNS:other.example')), ...rightly() }),
    ).rejects.toThrow()
  })

  it('is refused without a certificate', async () => {
    await expect(ask({ _ADDRESS: await secured(server), _TLS_CA: authority.certificateFile })).rejects.toThrow()
  })
})

describe('files for TLS', () => {
  it.each([
    ['a certificate without its key', () => ({ _TLS_CERTIFICATE: client.certificateFile }), 'CONFIGURATION_INVALID'],
    ['a file that is not there', () => ({ _TLS_CA: join(folder, 'nothing.pem') }), 'TLS_FILE_UNUSABLE'],
    ['a key for authorities', () => ({ _TLS_CA: client.keyFile }), 'TLS_FILE_UNUSABLE'],
    [
      'an encrypted key',
      () => {
        const path = join(folder, 'encrypted.pem')
        writeFileSync(path, '-----BEGIN ENCRYPTED PRIVATE KEY-----\n')
        return { _TLS_CERTIFICATE: client.certificateFile, _TLS_KEY: path }
      },
      'TLS_FILE_UNUSABLE',
    ],
  ])('are refused by name when wrong: %s', (_, values, code) => {
    const wrong = settings('TEMPORAL', { _ADDRESS: '127.0.0.1:7233', ...values() })
    expect(() => temporalTarget(wrong, 'worker')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining('COUNTERSIGN_TEMPORAL_TLS') }),
    )
  })
})
