import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { suiteFolder } from '../support/suite-folder.ts'
import { makeSecrets } from './made-secrets.ts'

const made = makeSecrets(join(suiteFolder(), 'deploy'))
const at = (name: string) => join(made.secrets, name)
const certificate = (name: string) => new X509Certificate(readFileSync(at(`${name}.pem`)))

const authorities = ['temporal', 'event-log', 'postgresql']
const servers = { 'temporal-server': 'temporal', 'event-log-server': 'event-log', 'postgresql-server': 'postgresql' }
const clients = {
  'temporal-api': 'temporal',
  'temporal-worker': 'temporal',
  'temporal-signer': 'temporal',
  'temporal-projector': 'temporal',
  'postgresql-temporal': 'postgresql',
  'postgresql-api': 'postgresql',
  'postgresql-persons': 'postgresql',
  'postgresql-projector': 'postgresql',
  'postgresql-secrets-api': 'postgresql',
  'postgresql-secrets-worker': 'postgresql',
}

/** What `openssl verify` says of a certificate for a purpose, by one authority. */
function verify(name: string, authority: string, purpose: 'sslserver' | 'sslclient'): boolean {
  const args = ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', at(`${authority}-ca.pem`), at(`${name}.pem`)]
  try {
    execFileSync('openssl', args, { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

test.each(Object.entries(servers))('%s is a server of its own authority and of no other', (name, own) => {
  for (const authority of authorities) expect(verify(name, authority, 'sslserver')).toBe(authority === own)
  const { subjectAltName } = certificate(name)
  expect(subjectAltName).toBe(`DNS:${own}, DNS:localhost`)
  // Temporal's and KurrentDB's nodes are clients of each other; PostgreSQL is nobody's.
  expect(verify(name, own, 'sslclient')).toBe(own !== 'postgresql')
})

test.each(Object.entries(clients))('%s is a client of its own authority, and no server', (name, own) => {
  for (const authority of authorities) expect(verify(name, authority, 'sslclient')).toBe(authority === own)
  expect(verify(name, own, 'sslserver')).toBe(false)
})

test('no two have the same key; authorities sign certificates and nothing else does', () => {
  const names = [...Object.keys(servers), ...Object.keys(clients), ...authorities.map((name) => `${name}-ca`)]
  const keys = names.map((name) => certificate(name).publicKey.export({ type: 'spki', format: 'pem' }))
  expect(new Set(keys).size).toBe(names.length)
  expect(names.filter((name) => certificate(name).ca)).toEqual(authorities.map((name) => `${name}-ca`))
  for (const name of [...Object.keys(servers), ...Object.keys(clients)]) {
    const pem = readFileSync(at(`${name}.key`), 'utf8')
    expect(certificate(name).checkPrivateKey(createPrivateKey(pem)), name).toBe(true)
  }
})

test('the keys of the authorities are where no container looks', () => {
  expect(readdirSync(made.secrets).filter((name) => name.endsWith('ca.key'))).toEqual([])
  for (const name of authorities) expect(statSync(join(made.installation, `${name}-ca.key`)).mode & 0o777).toBe(0o600)
  expect(statSync(made.installation).mode & 0o777).toBe(0o700)
  expect(statSync(made.secrets).mode & 0o777).toBe(0o700)
})

/** Everything that is there, with its bytes. */
const contents = () =>
  Object.fromEntries(readdirSync(made.secrets).map((name) => [name, readFileSync(at(name), 'utf8')]))
const changed = (before: Readonly<Record<string, string>>) =>
  Object.entries(contents()).flatMap(([name, bytes]) => (before[name] === bytes ? [] : [name]))

test('what is good is kept, and it is said until when', () => {
  const before = contents()
  const said = made.run('make-secrets.sh')
  expect(changed(before)).toEqual([])
  const until = new Date(certificate('temporal-api').validTo).toISOString().slice(0, 10)
  expect(said).toContain(`temporal-api.pem is there, good until ${until}, kept.`)
})

test('what ends within thirty days is made anew by the same authority, and nothing else is', () => {
  const authority = ['-CA', at('temporal-ca.pem'), '-CAkey', join(made.installation, 'temporal-ca.key')]
  const request = ['req', '-new', '-key', at('temporal-api.key'), '-subj', '/CN=old', '-out', at('../request')]
  execFileSync('openssl', request, { stdio: 'pipe' })
  const days = ['-days', '29', '-set_serial', '1']
  execFileSync(
    'openssl',
    ['x509', '-req', '-in', at('../request'), ...authority, ...days, '-out', at('temporal-api.pem')],
    {
      stdio: 'pipe',
    },
  )
  const before = contents()
  expect(made.run('make-certificates.sh')).toContain('temporal-api.pem made, good until')
  expect(changed(before).sort()).toEqual(['temporal-api.key', 'temporal-api.pem'])
  expect(verify('temporal-api', 'temporal', 'sslclient')).toBe(true)
})

test('--renew makes all of them anew and keeps the authorities', () => {
  const before = contents()
  made.run('make-certificates.sh', '--renew')
  const names = [...Object.keys(servers), ...Object.keys(clients)].flatMap((name) => [`${name}.key`, `${name}.pem`])
  expect(changed(before).sort()).toEqual(names.sort())
})

test('a new authority gives its server and clients new certificates, and leaves those of the others', () => {
  const before = contents()
  rmSync(at('postgresql-ca.pem'))
  made.run('make-certificates.sh')
  const own = [...Object.entries(servers), ...Object.entries(clients)].flatMap(([name, authority]) =>
    authority === 'postgresql' ? [`${name}.key`, `${name}.pem`] : [],
  )
  expect(changed(before).sort()).toEqual(['postgresql-ca.pem', ...own].sort())
})

test('without the key of an authority nothing is certified, and it is said which is needed', () => {
  const key = join(made.installation, 'event-log-ca.key')
  const before = contents()
  renameSync(key, `${key}.away`)
  try {
    rmSync(at('event-log-server.pem'))
    expect(() => made.run('make-certificates.sh')).toThrow(/event-log-ca\.key is needed to certify event-log-server/)
  } finally {
    renameSync(`${key}.away`, key)
    writeFileSync(at('event-log-server.pem'), before['event-log-server.pem'] ?? '')
  }
})
