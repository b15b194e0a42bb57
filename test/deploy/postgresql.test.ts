import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../server/configuration.ts'
import { openPersons } from '../../server/persons.ts'
import { openReadModelDatabase } from '../../server/read-models.ts'
import { freePort } from '../support/free-port.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { until } from '../support/until.ts'
import { makeSecrets } from './made-secrets.ts'

const deploy = join(import.meta.dirname, '..', '..', 'deploy', 'postgresql')
const made = makeSecrets(join(suiteFolder(), 'deploy'))
const at = (name: string) => join(made.secrets, name)
const text = (name: string) => readFileSync(at(name), 'utf8')
const ends: (() => Promise<unknown>)[] = []
let port = 0

/**
 * PostgreSQL of Debian, set up by the files that the container mounts: only their paths are those of this machine, and
 * the address is the loopback's.
 */
beforeAll(async () => {
  const root = '/usr/lib/postgresql'
  const [newest = ''] = readdirSync(root).sort((a, b) => Number(b) - Number(a))
  const bin = join(root, newest, 'bin')
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pg-'))
  const [uid, gid] = ['-u', '-g'].map((what) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' })))
  const asPostgres = process.getuid?.() === 0 ? { uid, gid } : {}
  const environment = { PATH: `${bin}:${process.env.PATH}`, LC_ALL: 'C.UTF-8', HOME: folder, PGHOST: folder }
  port = await freePort()
  const here = (file: string) =>
    readFileSync(join(deploy, file), 'utf8')
      .replaceAll('/run/secrets', join(folder, 'secrets'))
      .replaceAll('/run/postgresql-tls', join(folder, 'tls'))
      .replaceAll('/etc/postgresql', folder)
  cpSync(made.secrets, join(folder, 'secrets'), { recursive: true })
  // As start.sh does it.
  mkdirSync(join(folder, 'tls'))
  writeFileSync(join(folder, 'tls', 'server.key'), text('postgresql-server.key'), { mode: 0o600 })
  const settings = here('postgresql.conf').replace("listen_addresses = '*'", "listen_addresses = '127.0.0.1'")
  writeFileSync(
    join(folder, 'postgresql.conf'),
    `${settings}port = ${port}\nunix_socket_directories = '${folder}'\nfsync = off\n`,
  )
  writeFileSync(join(folder, 'pg_hba.conf'), here('pg_hba.conf').replace(/^local .*$/m, 'local all all trust'))
  writeFileSync(join(folder, 'databases.sh'), here('databases.sh'))
  chmodSync(join(folder, 'databases.sh'), 0o755)
  if (process.getuid?.() === 0)
    for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })])
      chownSync(join(folder, name), asPostgres.uid ?? 0, asPostgres.gid ?? 0)
  const run = { ...asPostgres, cwd: folder, env: { ...environment, PGPORT: String(port), POSTGRES_USER: 'postgres' } }
  const data = join(folder, 'data')
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'], {
    ...run,
    stdio: 'pipe',
  })
  const args = ['-D', data, '-c', `config_file=${join(folder, 'postgresql.conf')}`]
  const server = spawn(join(bin, 'postgres'), args, { ...run, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  server.stderr?.on('data', (bytes) => (said += bytes))
  ends.push(async () => {
    const gone = once(server, 'exit')
    server.kill('SIGINT')
    await gone
    rmSync(folder, { recursive: true, force: true })
  })
  await until('PostgreSQL answers', () => {
    if (server.exitCode !== null) throw new Error(said)
    try {
      execFileSync(join(bin, 'pg_isready'), ['--host', folder, '--port', String(port)], { ...run, stdio: 'pipe' })
      return true
    } catch {
      return false
    }
  })
  execFileSync(join(folder, 'databases.sh'), { ...run, stdio: 'pipe' })
}, 120_000)

afterAll(async () => {
  for (const end of ends) await end()
})

/** Opens the read model by settings as the compose file gives them to a role. */
async function openReadModel(changes: Readonly<Record<string, string>> = {}) {
  const environment = {
    COUNTERSIGN_READ_MODEL: `postgres://countersign@localhost:${port}/countersign`,
    COUNTERSIGN_READ_MODEL_PASSWORD_FILE: at('read-model-password'),
    COUNTERSIGN_READ_MODEL_TLS_CA: at('postgresql-ca.pem'),
    COUNTERSIGN_READ_MODEL_TLS_CERTIFICATE: at('postgresql-api.pem'),
    COUNTERSIGN_READ_MODEL_TLS_KEY: at('postgresql-api.key'),
    ...changes,
  }
  const database = await openReadModelDatabase(readSettings({ environment }), pino({ level: 'silent' }))
  try {
    const { rows } = await sql<{
      ssl: boolean
      client_dn: string
    }>`SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()`.execute(database.reads)
    return rows[0]
  } finally {
    await database.close()
  }
}

describe('PostgreSQL as the compose file sets it up', () => {
  test.each(['api', 'projector'])('takes the %s with its certificate and the password', async (role) => {
    const certificate = {
      COUNTERSIGN_READ_MODEL_TLS_CERTIFICATE: at(`postgresql-${role}.pem`),
      COUNTERSIGN_READ_MODEL_TLS_KEY: at(`postgresql-${role}.key`),
    }
    expect(await openReadModel(certificate)).toEqual({ ssl: true, client_dn: '/O=Countersign/CN=countersign' })
  })

  test('keeps the keys of persons for who has the certificate and the password of their user', async () => {
    const environment = {
      COUNTERSIGN_PERSON_KEYS: `postgres://countersign_persons@localhost:${port}/countersign_persons`,
      COUNTERSIGN_PERSON_KEYS_PASSWORD_FILE: at('person-keys-password'),
      COUNTERSIGN_PERSON_KEYS_TLS_CA: at('postgresql-ca.pem'),
      COUNTERSIGN_PERSON_KEYS_TLS_CERTIFICATE: at('postgresql-persons.pem'),
      COUNTERSIGN_PERSON_KEYS_TLS_KEY: at('postgresql-persons.key'),
      COUNTERSIGN_PERSON_MASTER_KEY_FILE: at('person-master-key'),
    }
    const check = async (changes: Readonly<Record<string, string>>) => {
      const persons = await openPersons(
        readSettings({ environment: { ...environment, ...changes } }),
        pino({ level: 'silent' }),
      )
      return persons.check().finally(persons.close)
    }
    await check({})
    const foreign = {
      COUNTERSIGN_PERSON_KEYS_TLS_CERTIFICATE: at('postgresql-api.pem'),
      COUNTERSIGN_PERSON_KEYS_TLS_KEY: at('postgresql-api.key'),
    }
    await expect(check(foreign)).rejects.toMatchObject({ code: 'PERSON_KEYS_UNAVAILABLE' })
    const wrong = { COUNTERSIGN_PERSON_KEYS_PASSWORD_FILE: at('read-model-password') }
    await expect(check(wrong)).rejects.toMatchObject({ code: 'PERSON_KEYS_UNAVAILABLE' })
  })

  test('refuses a wrong password, although the certificate is right', async () => {
    await expect(openReadModel({ COUNTERSIGN_READ_MODEL_PASSWORD_FILE: at('payload-key') })).rejects.toThrow(/password/)
  })

  test.each([
    ['of another user', 'postgresql-temporal', /countersign/],
    ['of another server', 'temporal-api', /certificate|unknown ca|SSL/i],
  ])('refuses a certificate %s, although the password is right', async (_, name, message) => {
    const certificate = {
      COUNTERSIGN_READ_MODEL_TLS_CERTIFICATE: at(`${name}.pem`),
      COUNTERSIGN_READ_MODEL_TLS_KEY: at(`${name}.key`),
    }
    await expect(openReadModel(certificate)).rejects.toThrow(message)
  })

  /** Connects without our settings. */
  async function connect(ssl: pg.ClientConfig['ssl'], user = 'countersign', database = user): Promise<void> {
    const password = text(user === 'temporal' ? 'temporal-database-password' : 'read-model-password')
    const client = new pg.Client({ host: 'localhost', port, user, password, database, ssl })
    await client.connect()
    await client.end()
  }
  const tls = (name: string) => ({ ca: text('postgresql-ca.pem'), cert: text(`${name}.pem`), key: text(`${name}.key`) })

  test('refuses who comes without a certificate, or without TLS', async () => {
    await expect(connect({ ca: text('postgresql-ca.pem') })).rejects.toThrow(/certificate/)
    await expect(connect(false)).rejects.toThrow(/no pg_hba.conf entry/)
  })

  test('gives Temporal its databases, and nobody the other ones', async () => {
    await connect(tls('postgresql-temporal'), 'temporal')
    await connect(tls('postgresql-temporal'), 'temporal', 'temporal_visibility')
    await expect(connect(tls('postgresql-temporal'), 'temporal', 'countersign')).rejects.toThrow(/no pg_hba.conf entry/)
    await expect(connect(tls('postgresql-api'), 'countersign', 'countersign_persons')).rejects.toThrow(
      /no pg_hba.conf entry/,
    )
    await expect(connect(tls('postgresql-api'), 'countersign', 'temporal')).rejects.toThrow(/no pg_hba.conf entry/)
    await expect(connect(tls('postgresql-api'), 'postgres', 'postgres')).rejects.toThrow(/no pg_hba.conf entry/)
  })

  test('is not believed when its certificate is of another authority', async () => {
    await expect(openReadModel({ COUNTERSIGN_READ_MODEL_TLS_CA: at('temporal-ca.pem') })).rejects.toThrow(/certificate/)
  })
})
