import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeSecrets } from './made-secrets.ts'

const deploy = join(import.meta.dirname, '..', '..', 'deploy')
const made = makeSecrets(join(suiteFolder(), 'deploy'))

/** The environment with a program of this name before all others. */
function withProgram(name: string, text: string): NodeJS.ProcessEnv {
  const folder = temporaryFolder()
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
  return { ...process.env, PATH: `${folder}:${process.env.PATH}` }
}

/** OpenSSL, but for one of its commands. */
const openssl = execFileSync('sh', ['-c', 'command -v openssl'], { encoding: 'utf8' }).trim()
const withoutCommand = (command: string) =>
  withProgram('openssl', `if [ "$1" = ${command} ]; then exit 1; fi\nexec ${openssl} "$@"`)

const contents = () =>
  Object.fromEntries(readdirSync(made.secrets).map((name) => [name, readFileSync(join(made.secrets, name), 'utf8')]))
const run = (env: NodeJS.ProcessEnv) =>
  execFileSync(join(made.secrets, '..', 'make-secrets.sh'), { env, encoding: 'utf8', stdio: 'pipe' })

describe('make-secrets.sh leaves no secret half made', () => {
  test.each([
    ['payload-key', () => withProgram('base64', 'exit 1')],
    ['installation-key', () => withoutCommand('pkey')],
    ['event-key-signer', () => withoutCommand('pkey')],
    ['event-key-signer', () => withoutCommand('pkeyutl')],
    ['event-key-signer', () => withoutCommand('pkcs8')],
  ])('%s', (name, environment) => {
    const before = contents()
    rmSync(join(made.secrets, name))
    expect(() => run(environment())).toThrow()
    expect(Object.keys(contents()).sort()).toEqual(
      Object.keys(before)
        .filter((each) => each !== name)
        .sort(),
    )
    writeFileSync(join(made.secrets, name), before[name] ?? '')
  })

  test('and makes anew a key that is not its certificate’s, as a run leaves it that ended between the two', () => {
    const [key, other] = ['temporal-api.key', 'temporal-worker.key'].map((name) => join(made.secrets, name))
    writeFileSync(String(key), readFileSync(String(other)))
    expect(run(process.env)).toMatch(/temporal-api\.pem made, good until/)
    const text = (command: string, name: string, ...more: readonly string[]) =>
      execFileSync('openssl', [command, '-in', join(made.secrets, name), ...more], { encoding: 'utf8' })
    expect(text('pkey', 'temporal-api.key', '-pubout')).toBe(text('x509', 'temporal-api.pem', '-noout', '-pubkey'))
  })
})

test.each([
  ['postgresql/databases.sh', 'psql', 'read-model-password'],
  ['softhsm/init.sh', 'softhsm2-util', 'pkcs11-so-pin'],
])('%s sets nothing up when a secret cannot be read', (script, tool, secret) => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'secrets'))
  for (const [name, text] of Object.entries(contents()))
    if (name !== secret) writeFileSync(join(folder, 'secrets', name), text)
  const path = join(folder, 'script.sh')
  const text = readFileSync(join(deploy, script), 'utf8').replaceAll('/run/secrets', join(folder, 'secrets'))
  writeFileSync(path, text, { mode: 0o755 })
  const called = join(folder, 'called')
  const environment = {
    ...withProgram(tool, `case "$*" in *--show-slots*) exit 0 ;; esac\ntouch ${called}`),
    POSTGRES_USER: 'postgres',
    COUNTERSIGN_PKCS11_TOKEN: 'countersign',
    COUNTERSIGN_PKCS11_PIN_FILE: join(folder, 'secrets', 'pkcs11-pin'),
  }
  const start = () => execFileSync(path, { env: environment, stdio: 'pipe' })
  expect(start).toThrow(new RegExp(secret))
  expect(existsSync(called)).toBe(false)
  writeFileSync(join(folder, 'secrets', secret), 'here now')
  start()
  expect(existsSync(called)).toBe(true)
})
