import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { knownEnvironmentVariables, readSettings, roles } from '../../server/configuration.ts'
import { parseEventKey, parseInstallationKeys } from '../../server/event-keys.ts'
import { parsePayloadKeys } from '../../server/payload-codec.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = join(import.meta.dirname, '..', '..')

const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.union([z.string(), z.number()]).transform(String)).default({}),
      secrets: z.array(z.string()).default([]),
      volumes: z.array(z.string()).default([]),
      networks: z.array(z.string()).default([]),
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
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')

test.each(roles)('the role %s is a process of its own, configured as it accepts', (role) => {
  const { command, environment } = service(role)
  expect(command).toEqual(['serve', '--roles', role])
  // Secrets lie in files of the container; here one with a fitting content stands for all.
  const secret = join(temporaryFolder(), 'secret')
  writeFileSync(secret, Buffer.alloc(32).toString('base64'))
  const here = Object.entries(environment).map(([name, value]) => {
    const interpolated = value.replace(/\$\{\w+:-([^}]*)\}/g, '$1')
    return [name, name.endsWith('_FILE') ? secret : interpolated]
  })
  expect(readSettings({ environment: Object.fromEntries(here), overrides: { roles: role } }).roles).toEqual([role])
})

test('the image sets only variables that the service knows', () => {
  const set = [...dockerfile.matchAll(/\b(COUNTERSIGN_\w+)=/g)].map(([, name]) => name)
  expect(set.length).toBeGreaterThan(0)
  expect(knownEnvironmentVariables()).toEqual(expect.arrayContaining(set))
})

test('only the signer has the PIN and the HSM; no secret stands in an environment', () => {
  const withPin = Object.entries(compose.services).filter(([, { secrets }]) => secrets.includes('pkcs11-pin'))
  expect(withPin.map(([name]) => name).sort()).toEqual(['signer', 'softhsm-init'])
  const withHsm = Object.entries(compose.services).filter(([, { volumes }]) =>
    volumes.some((volume) => volume.startsWith('hsm:')),
  )
  expect(withHsm.map(([name]) => name).sort()).toEqual(['signer', 'softhsm-init'])
  for (const { environment } of Object.values(compose.services)) {
    const secretNames = Object.keys(environment).filter((name) => /PASSWORD|PIN|KEY|PWD|TOKEN$/.test(name))
    const plain = secretNames.filter((name) => !name.endsWith('_FILE') && name !== 'COUNTERSIGN_PKCS11_TOKEN')
    expect(plain).toEqual([])
  }
})

test('each role has the event key of its own and no other; nothing mounts what certifies them', () => {
  for (const role of roles) {
    const { secrets, environment } = service(role)
    expect(secrets.filter((name) => name.startsWith('event-key'))).toEqual(
      role === 'projector' ? [] : [`event-key-${role}`],
    )
    expect(environment.COUNTERSIGN_INSTALLATION_KEY_FILE).toBe('/run/secrets/installation-key')
  }
  const mounted = Object.values(compose.services).flatMap(({ volumes }) => volumes)
  expect(mounted.filter((volume) => volume.includes('installation'))).toEqual([])
})

test('only the API is reached from outside, and only from the machine itself', () => {
  const published = Object.entries(compose.services).filter(([, { ports }]) => ports.length > 0)
  expect(published.map(([name, { ports }]) => [name, ports])).toEqual([['api', ['127.0.0.1:8080:8080']]])
  expect(compose.networks.inside).toEqual({ internal: true })
})

test('every service says how it is restarted and waits for the health of what it needs', () => {
  for (const { depends_on, networks } of Object.values(compose.services)) {
    expect(networks).toContain('inside')
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
    expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(secrets))
  }
})

test('make-secrets.sh makes every secret, in a folder for its owner only, and keeps what is there', () => {
  const folder = temporaryFolder()
  const script = join(folder, 'make-secrets.sh')
  cpSync(join(root, 'deploy', 'make-secrets.sh'), script)
  chmodSync(script, 0o755)
  execFileSync(script)
  const secrets = join(folder, 'secrets')
  const read = () =>
    Object.fromEntries(readdirSync(secrets).map((name) => [name, readFileSync(join(secrets, name), 'utf8')]))
  const made = read()
  expect(Object.keys(made).sort()).toEqual(Object.keys(compose.secrets).sort())
  expect(new Set(Object.values(made)).size).toBe(Object.keys(made).length)
  expect(statSync(secrets).mode & 0o777).toBe(0o700)
  expect(parsePayloadKeys(made['payload-key'] ?? '')).toHaveLength(1)
  const installationKeys = parseInstallationKeys(made['installation-key'] ?? '')
  for (const role of ['api', 'worker', 'signer'])
    expect(parseEventKey(made[`event-key-${role}`] ?? '', installationKeys).roles).toEqual([role])
  expect(statSync(join(folder, 'installation', 'installation-key.pem')).mode & 0o777).toBe(0o600)
  execFileSync(script)
  expect(read()).toEqual(made)
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
