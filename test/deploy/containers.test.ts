import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { knownEnvironmentVariables, readSettings, roles } from '../../server/configuration.ts'
import { parseEventKey, parseInstallationKeys } from '../../server/event-keys.ts'
import { parsePayloadKeys } from '../../server/payload-codec.ts'
import { parseMasterKeys } from '../../server/persons.ts'
import { parseSecretStoreKeys } from '../../server/secrets.ts'
import { tlsOf } from '../../server/tls.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { makeSecrets } from './made-secrets.ts'

const root = join(import.meta.dirname, '..', '..')
const made = makeSecrets(join(suiteFolder(), 'deploy'))
const secretsFolder = made.secrets

/** A secret, and where it is mounted. */
const secretSchema = z.union([
  z.string().transform((source) => ({ source, target: `/run/secrets/${source}` })),
  z.object({ source: z.string(), target: z.string() }),
])

const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.union([z.string(), z.number()]).transform(String)).default({}),
      secrets: z.array(secretSchema).default([]),
      volumes: z.array(z.string()).default([]),
      networks: z.array(z.string()).default([]),
      network_mode: z.string().optional(),
      entrypoint: z.array(z.string()).optional(),
      ports: z.array(z.string()).default([]),
      restart: z.string(),
      healthcheck: z.looseObject({}).optional(),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
    }),
  ),
  networks: z.record(z.string(), z.looseObject({})),
  volumes: z.record(z.string(), z.null()),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
})

const compose = composeSchema.parse(parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }))
const service = (name: string) => {
  const found = compose.services[name]
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
  return found
}
type Secrets = readonly z.output<typeof secretSchema>[]
const has = (secrets: Secrets, name: string) => secrets.some(({ source }) => source === name)
const services = Object.entries(compose.services)
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')

test.each(roles)('the role %s is a process of its own, configured as it accepts', (role) => {
  const { command, environment } = service(role)
  expect(command).toEqual(['serve', '--roles', role])
  // Secrets lie in files of the container; here they are those that make-secrets.sh made.
  const here = Object.entries(environment).map(([name, value]) => {
    const interpolated = value.replace(/\$\{\w+:-([^}]*)\}/g, '$1')
    return [name, interpolated.replace(/^\/run\/secrets\//, `${secretsFolder}/`)]
  })
  const settings = readSettings({ environment: Object.fromEntries(here), overrides: { roles: role } })
  expect(settings.roles).toEqual([role])
  for (const connection of ['temporal', 'eventLog', 'readModel'] as const) tlsOf(settings, connection)
})

test('the image sets only variables that the service knows', () => {
  const set = [...dockerfile.matchAll(/\b(COUNTERSIGN_\w+)=/g)].map(([, name]) => name)
  expect(set.length).toBeGreaterThan(0)
  expect(knownEnvironmentVariables()).toEqual(expect.arrayContaining(set))
})

/** Whether a variable names a file instead of holding what it speaks of. */
const isPath = (environment: Readonly<Record<string, string>>, name: string) =>
  /^(\/run\/secrets|\/dev\/shm)\//.test(environment[name] ?? '')

test('only the signer has the PIN and the HSM; no secret stands in an environment', () => {
  const withPin = Object.entries(compose.services).filter(([, { secrets }]) => has(secrets, 'pkcs11-pin'))
  expect(withPin.map(([name]) => name).sort()).toEqual(['signer', 'softhsm-init'])
  const withHsm = Object.entries(compose.services).filter(([, { volumes }]) =>
    volumes.some((volume) => volume.startsWith('hsm:')),
  )
  expect(withHsm.map(([name]) => name).sort()).toEqual(['signer', 'softhsm-init'])
  for (const { environment } of Object.values(compose.services)) {
    const secretNames = Object.keys(environment).filter((name) => /PASSWORD|PIN|KEY|PWD|TOKEN$/.test(name))
    const plain = secretNames.filter(
      // A token's label, a database's place, and key stores that name files with their PINs.
      (name) =>
        !/_FILE$|^COUNTERSIGN_(?:PKCS11_TOKEN|PERSON_KEYS|KEY_STORES)$/.test(name) && !isPath(environment, name),
    )
    expect(plain).toEqual([])
  }
})

test('each role has the event key of its own and no other; nothing mounts what certifies them', () => {
  for (const role of roles) {
    const { secrets, environment } = service(role)
    const eventKeys = secrets.map(({ source }) => source).filter((name) => name.startsWith('event-key'))
    expect(eventKeys).toEqual(role === 'projector' ? [] : [`event-key-${role}`])
    expect(environment.COUNTERSIGN_INSTALLATION_KEY_FILE).toBe('/run/secrets/installation-key')
  }
  const mounted = Object.values(compose.services).flatMap(({ volumes }) => volumes)
  expect(mounted.filter((volume) => volume.includes('installation'))).toEqual([])
})

test('only the API is reached from outside, and only from the machine itself', () => {
  const published = services.filter(([, { ports }]) => ports.length > 0)
  expect(published.map(([name, { ports }]) => [name, ports])).toEqual([['api', ['127.0.0.1:8080:8080']]])
  const open = services.filter(([, { networks }]) => networks.includes('outside'))
  // The worker fetches what submissions link to and asks EST servers, the signer asks time-stamp authorities.
  expect(open.map(([name]) => name)).toEqual(['api', 'worker', 'signer'])
  const { outside, ...inside } = compose.networks
  expect(outside).toEqual({})
  for (const [name, settings] of Object.entries(inside)) expect(settings, name).toEqual({ internal: true })
})

test('each server is in a network of its own, with those that need it and nobody else', () => {
  const members = (network: string) =>
    services.flatMap(([name, { networks }]) => (networks.includes(network) ? [name] : []))
  expect(members('workflows')).toEqual(['api', 'worker', 'signer', 'projector', 'temporal'])
  expect(members('events')).toEqual(['api', 'worker', 'signer', 'projector', 'event-log-init', 'event-log'])
  expect(members('databases')).toEqual(['api', 'worker', 'projector', 'temporal', 'postgresql'])
  expect(service('softhsm-init').network_mode).toBe('none')
})

describe('what one container shows to another', () => {
  /** The secret that a variable names the file of, which the container must have. */
  function secretOf(name: string, variable: string): string {
    const { environment, secrets } = service(name)
    const path = environment[variable] ?? ''
    const secret = secrets.find(({ target }) => target === path)
    if (secret === undefined) throw new Error(`${variable} of ${name} names ${path}, which is none of its secrets`)
    return secret.source
  }

  test.each(roles)('%s proves who it is to Temporal by a certificate of its own, and checks Temporal', (role) => {
    expect(secretOf(role, 'COUNTERSIGN_TEMPORAL_TLS_CA')).toBe('temporal-ca.pem')
    expect(secretOf(role, 'COUNTERSIGN_TEMPORAL_TLS_CERTIFICATE')).toBe(`temporal-${role}.pem`)
    expect(secretOf(role, 'COUNTERSIGN_TEMPORAL_TLS_KEY')).toBe(`temporal-${role}.key`)
  })

  test.each(roles)('%s proves who it is to the event log as a user, and checks it', (role) => {
    expect(service(role).environment.COUNTERSIGN_EVENT_LOG).toBe('esdb://event-log:2113')
    expect(service(role).environment.COUNTERSIGN_EVENT_LOG_USER).toBe('countersign')
    expect(secretOf(role, 'COUNTERSIGN_EVENT_LOG_PASSWORD_FILE')).toBe('event-log-password')
    expect(secretOf(role, 'COUNTERSIGN_EVENT_LOG_TLS_CA')).toBe('event-log-ca.pem')
  })

  test.each(['api', 'projector'])('%s proves who it is to PostgreSQL by certificate and password', (role) => {
    expect(secretOf(role, 'COUNTERSIGN_READ_MODEL_PASSWORD_FILE')).toBe('read-model-password')
    expect(secretOf(role, 'COUNTERSIGN_READ_MODEL_TLS_CA')).toBe('postgresql-ca.pem')
    expect(secretOf(role, 'COUNTERSIGN_READ_MODEL_TLS_CERTIFICATE')).toBe(`postgresql-${role}.pem`)
    expect(secretOf(role, 'COUNTERSIGN_READ_MODEL_TLS_KEY')).toBe(`postgresql-${role}.key`)
  })

  test('the api alone has the keys of persons: their database by certificate and password, and the master key', () => {
    expect(secretOf('api', 'COUNTERSIGN_PERSON_KEYS_PASSWORD_FILE')).toBe('person-keys-password')
    expect(secretOf('api', 'COUNTERSIGN_PERSON_KEYS_TLS_CA')).toBe('postgresql-ca.pem')
    expect(secretOf('api', 'COUNTERSIGN_PERSON_KEYS_TLS_CERTIFICATE')).toBe('postgresql-persons.pem')
    expect(secretOf('api', 'COUNTERSIGN_PERSON_KEYS_TLS_KEY')).toBe('postgresql-persons.key')
    expect(secretOf('api', 'COUNTERSIGN_PERSON_MASTER_KEY_FILE')).toBe('person-master-key')
    const holders = services.filter(([, { secrets }]) => has(secrets, 'person-master-key')).map(([name]) => name)
    expect(holders).toEqual(['api'])
  })

  test.each(['api', 'worker'])('%s has secrets: their database by certificate and password, and their key', (role) => {
    expect(secretOf(role, 'COUNTERSIGN_SECRET_STORE_PASSWORD_FILE')).toBe('secret-store-password')
    expect(secretOf(role, 'COUNTERSIGN_SECRET_STORE_TLS_CA')).toBe('postgresql-ca.pem')
    expect(secretOf(role, 'COUNTERSIGN_SECRET_STORE_TLS_CERTIFICATE')).toBe(`postgresql-secrets-${role}.pem`)
    expect(secretOf(role, 'COUNTERSIGN_SECRET_STORE_TLS_KEY')).toBe(`postgresql-secrets-${role}.key`)
    expect(secretOf(role, 'COUNTERSIGN_SECRET_STORE_KEY_FILE')).toBe('secret-store-key')
    const holders = services.filter(([, { secrets }]) => has(secrets, 'secret-store-key')).map(([name]) => name)
    expect(holders).toEqual(['api', 'worker'])
  })

  test('Temporal demands a certificate of its authority from everybody, and shows one to PostgreSQL', () => {
    const { environment } = service('temporal')
    expect(environment.TEMPORAL_TLS_REQUIRE_CLIENT_AUTH).toBe('true')
    for (const what of ['FRONTEND', 'INTERNODE'])
      expect(environment).toMatchObject({
        [`TEMPORAL_TLS_${what}_SERVER_NAME`]: 'temporal',
        [`TEMPORAL_TLS_${what}_DISABLE_HOST_VERIFICATION`]: 'false',
      })
    for (const what of ['SERVER', 'FRONTEND']) {
      expect(secretOf('temporal', `TEMPORAL_TLS_${what}_CERT`)).toBe('temporal-server.pem')
      expect(secretOf('temporal', `TEMPORAL_TLS_${what}_KEY`)).toBe('temporal-server.key')
    }
    for (const what of ['SERVER', 'CLIENT1', 'CLIENT2'])
      expect(secretOf('temporal', `TEMPORAL_TLS_${what}_CA_CERT`)).toBe('temporal-ca.pem')
    expect(environment).toMatchObject({
      SQL_TLS_ENABLED: 'true',
      SQL_HOST_VERIFICATION: 'true',
      POSTGRES_TLS_ENABLED: 'true',
    })
    expect(secretOf('temporal', 'SQL_CERT')).toBe('postgresql-temporal.pem')
    expect(secretOf('temporal', 'POSTGRES_TLS_CERT_FILE')).toBe('postgresql-temporal.pem')
    expect(has(service('temporal').secrets, 'postgresql-temporal.key')).toBe(true)
  })

  test('the event log has TLS and users, and trusts its own authority alone', () => {
    const { environment, secrets } = service('event-log')
    expect(Object.keys(environment).filter((name) => /INSECURE|DISABLE|ANONYMOUS/.test(name))).toEqual([])
    expect(secretOf('event-log', 'KURRENTDB_CERTIFICATE_FILE')).toBe('event-log-server.pem')
    expect(secretOf('event-log', 'KURRENTDB_CERTIFICATE_PRIVATE_KEY_FILE')).toBe('event-log-server.key')
    const trusted = secrets.filter(({ target }) =>
      target.startsWith(`${environment.KURRENTDB_TRUSTED_ROOT_CERTIFICATES_PATH}/`),
    )
    expect(trusted.map(({ source }) => source)).toEqual(['event-log-ca.pem'])
  })

  test('nobody has a key of somebody else, and no role the passwords of administrators', () => {
    const keys = services.flatMap(([, { secrets }]) =>
      secrets.flatMap(({ source }) => (/\.key$/.test(source) ? [source] : [])),
    )
    expect(new Set(keys).size).toBe(keys.length)
    for (const role of roles) {
      const names = service(role).secrets.map(({ source }) => source)
      expect(names.filter((name) => /admin|ops-password|^postgresql-password|temporal-database/.test(name))).toEqual([])
    }
  })
})

test('every service says how it is restarted and waits for the health of what it needs', () => {
  for (const { depends_on } of Object.values(compose.services)) {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      const { restart, healthcheck } = service(name)
      expect(condition).toBe(restart === 'no' ? 'service_completed_successfully' : 'service_healthy')
      expect(healthcheck).toBeDefined()
    }
  }
})

test('what a service mounts, from volumes, files and secrets, is there', () => {
  for (const { volumes, secrets } of Object.values(compose.services)) {
    for (const volume of volumes) {
      const [source = ''] = volume.split(':')
      if (source.startsWith('.')) expect(existsSync(join(root, source)), source).toBe(true)
      else expect(Object.keys(compose.volumes)).toContain(source)
    }
    expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(secrets.map(({ source }) => source)))
  }
})

test('make-secrets.sh makes every secret, in a folder for its owner only', () => {
  const read = () =>
    Object.fromEntries(
      readdirSync(secretsFolder).map((name) => [name, readFileSync(join(secretsFolder, name), 'utf8')]),
    )
  const secrets = read()
  expect(Object.keys(secrets).sort()).toEqual(Object.keys(compose.secrets).sort())
  for (const [name, { file }] of Object.entries(compose.secrets)) expect(file).toBe(`./deploy/secrets/${name}`)
  expect(new Set(Object.values(secrets)).size).toBe(Object.keys(secrets).length)
  expect(statSync(secretsFolder).mode & 0o777).toBe(0o700)
  // What stands in deploy/secrets belongs to the machine's owner, and is read in the containers by others.
  for (const name of Object.keys(secrets)) expect(statSync(join(secretsFolder, name)).mode & 0o777, name).toBe(0o644)
  expect(parsePayloadKeys(secrets['payload-key'] ?? '')).toHaveLength(1)
  expect(parseMasterKeys(secrets['person-master-key'] ?? '')).toHaveLength(1)
  expect(parseSecretStoreKeys(secrets['secret-store-key'] ?? '')).toHaveLength(1)
  const installationKeys = parseInstallationKeys(secrets['installation-key'] ?? '')
  for (const role of ['api', 'worker', 'signer'])
    expect(parseEventKey(secrets[`event-key-${role}`] ?? '', installationKeys).roles).toEqual([role])
  expect(statSync(join(made.installation, 'installation-key.pem')).mode & 0o777).toBe(0o600)
})

test('the image runs the Node that package.json pins', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const versions = [...dockerfile.matchAll(/^FROM node:([\d.]+)-/gm)].map(([, version]) => version)
  expect(versions).toEqual([dependencies.node, dependencies.node])
})

test('the image gets every room of the product', () => {
  const allowed = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')
  const outside = ['node_modules', 'test', 'bench', 'docs', 'scripts', 'coverage', 'fuzz-failures']
  const rooms = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !outside.includes(entry.name))
    .map(({ name }) => `!${name}`)
  expect(allowed).toEqual(expect.arrayContaining(rooms))
})

test('the image is built with the flags that it runs by, after which Node names what it keeps compiled', () => {
  const [, entryPoint = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile) ?? []
  const flags = (JSON.parse(entryPoint) as string[]).filter((argument) => argument.startsWith('--'))
  expect(flags).not.toEqual([])
  expect(dockerfile).toContain(`node ${flags.join(' ')} --input-type=module`)
})
