import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseKeyStoreName } from '../../domain/index.ts'
import { environmentVariable, knownEnvironmentVariables, readSettings, required } from '../../server/configuration.ts'
import { ConfigurationError } from '../../server/configuration-error.ts'
import { configuredKeyStores } from '../../server/key-stores.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

type Environment = Readonly<Record<string, string>>

/** A file with this text. */
function file(text: string): string {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, text)
  return path
}

function failureOf(read: () => unknown): ConfigurationError {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return error as ConfigurationError
  }
  throw new Error('It was accepted.')
}

const fromEnvironment = (environment: Environment) => failureOf(() => readSettings({ environment }))
const fromFile = (text: string) => failureOf(() => readSettings({ environment: {}, configFile: file(text) }))

describe('settings', () => {
  it('of the command line are named as they stand there', () => {
    const { message } = failureOf(() => readSettings({ environment: {}, overrides: { roles: 'api,none' } }))
    expect(message).toContain('--roles (roles.1): ')
    expect(message).not.toContain('COUNTERSIGN_ROLES')
  })

  it('are the embedded start where nothing is said', () => {
    expect(readSettings({ environment: { PATH: '/bin', OTHER_PORT: '1' } })).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      data: '.countersign',
      temporalNamespace: 'default',
      timestampUrls: [],
      logLevel: 'info',
    })
  })

  it('come from a file, the environment above it, and the command line above both', () => {
    const configFile = file(JSON.stringify({ host: 'a', port: 1, data: 'x', roles: ['api', 'worker'] }))
    const environment = { COUNTERSIGN_CONFIG: configFile, COUNTERSIGN_HOST: 'b', COUNTERSIGN_PORT: '2' }
    expect(readSettings({ environment, overrides: { host: 'c' } })).toMatchObject({
      host: 'c',
      port: 2,
      data: 'x',
      roles: ['api', 'worker'],
    })
    const elsewhere = file('{"host":"d"}')
    expect(readSettings({ environment: { COUNTERSIGN_CONFIG: configFile }, configFile: elsewhere }).host).toBe('d')
  })

  it('of the environment that are empty are not set: so do compose files leave them out', () => {
    const environment = { COUNTERSIGN_HOST: '', COUNTERSIGN_PORT: '', COUNTERSIGN_PKCS11_PIN_FILE: '' }
    expect(readSettings({ environment })).toMatchObject({ host: '127.0.0.1', port: 8080 })
  })

  it('that are lists are written with commas, and name each thing once', () => {
    const environment = {
      COUNTERSIGN_ROLES: 'signer, worker,signer',
      COUNTERSIGN_TIMESTAMP_URLS: 'http://a.example/tsa,https://b.example',
      COUNTERSIGN_SOURCE_LIMITS: 'uploadedFile=1000, earlierRequest=2000',
    }
    expect(readSettings({ environment })).toMatchObject({
      roles: ['signer', 'worker'],
      timestampUrls: ['http://a.example/tsa', 'https://b.example'],
      sourceLimits: { uploadedFile: 1000, earlierRequest: 2000 },
    })
  })

  it.each([
    ['COUNTERSIGN_PORT', 'abc', 'a whole number from 0 to 65535'],
    ['COUNTERSIGN_PORT', '65536', 'a whole number from 0 to 65535'],
    ['COUNTERSIGN_PORT', '-1', 'a whole number from 0 to 65535'],
    ['COUNTERSIGN_PORT', '0x50', 'a whole number from 0 to 65535'],
    ['COUNTERSIGN_PORT', ' ', 'a whole number from 0 to 65535'],
    ['COUNTERSIGN_MAXIMUM_ARTIFACT_SIZE', '4GB', 'a whole number from 1'],
    ['COUNTERSIGN_MAXIMUM_ARTIFACT_SIZE', '0', 'a whole number from 1'],
    ['COUNTERSIGN_SOURCE_LIMITS', 'uploadedFile', 'a whole number from 1'],
    ['COUNTERSIGN_SOURCE_LIMITS', 'uploadedFile=0', 'a whole number from 1'],
    ['COUNTERSIGN_SOURCE_LIMITS', 'pigeon=5', 'pigeon'],
    ['COUNTERSIGN_ROLES', 'api,wroker', '"api"|"worker"|"signer"|"projector"'],
    ['COUNTERSIGN_ROLES', 'api,', '"api"|"worker"|"signer"|"projector"'],
    ['COUNTERSIGN_LOG_LEVEL', 'loud', '"info"'],
    ['COUNTERSIGN_TRUSTED_PROXIES', '1', '10.0.0.0/8'],
    ['COUNTERSIGN_TRUSTED_PROXIES', '10.0.0.0/8,true', '10.0.0.0/8'],
    ['COUNTERSIGN_ALLOWED_ORIGINS', 'https://a.example/', 'https://<host>:<port>'],
    ['COUNTERSIGN_OPERATOR_TOKEN', 'too-short', '16 characters'],
    ['COUNTERSIGN_HEALTH_DETAILS', 'nobody', '"everyone"'],
    ['COUNTERSIGN_ALLOWED_ORIGINS', '*', 'https://<host>:<port>'],
    ['COUNTERSIGN_PUBLIC_URL', 'signing.example.com', 'http:// or https://'],
    ['COUNTERSIGN_PUBLIC_URL', 'http://signing.example.com:port', 'http:// or https://'],
    ['COUNTERSIGN_TIMESTAMP_URLS', 'http://a.example,ftp://b.example', 'http:// or https://'],
    ['COUNTERSIGN_EVENT_LOG', 'mysql://db', 'sqlite:<path> or esdb://<address>'],
    ['COUNTERSIGN_READ_MODEL', 'mysql://db', 'sqlite:<path> or postgres://<address>'],
    ['COUNTERSIGN_READ_MODEL', 'postgres://db:99999/countersign', 'postgres://<address>'],
    ['COUNTERSIGN_PERSON_KEYS', 'postgres://user:100%@db/keys', '%25 for %'],
    ['COUNTERSIGN_TEMPORAL_ADDRESS', 'temporal', '<host>:<port>'],
  ])('%s=%j is refused: it names itself and the right form', (name, value, rightForm) => {
    const { code, message } = fromEnvironment({ [name]: value })
    expect(code).toBe('CONFIGURATION_INVALID')
    expect(message).toContain(name)
    expect(message).toContain(rightForm)
  })

  const hsm = { module: '/m.so', token: 'release', pinFile: '/pin' }
  it.each([
    ['text', 'no JSON', 'must be an object of key stores'],
    ['a list', '[]', 'must be an object of key stores'],
    ['a name in capitals', JSON.stringify({ HSM: hsm }), 'lower-case letters'],
    ['the name of the first one', JSON.stringify({ default: hsm }), 'the key store default is the one of the settings'],
    ['no module', JSON.stringify({ hsm: { ...hsm, module: undefined } }), '(keyStores.hsm.module)'],
    ['no sessions', JSON.stringify({ hsm: { ...hsm, sessions: 0 } }), '(keyStores.hsm.sessions)'],
    ['a PIN', JSON.stringify({ hsm: { ...hsm, pin: 'hunter2-7391' } }), '"pin"'],
  ])('of key stores are refused with %s, saying where and what would be right', (_, value, fault) => {
    const { code, message } = fromEnvironment({ COUNTERSIGN_KEY_STORES: value })
    expect(code).toBe('CONFIGURATION_INVALID')
    expect(message).toContain('COUNTERSIGN_KEY_STORES')
    expect(message).toContain(fault)
    expect(message).not.toContain('hunter2')
  })

  it('that are wrong are all told at once', () => {
    const { message } = fromEnvironment({ COUNTERSIGN_PORT: 'x', COUNTERSIGN_LOG_LEVEL: 'y' })
    expect(message).toMatch(/COUNTERSIGN_PORT \(port\)[\s\S]*COUNTERSIGN_LOG_LEVEL \(logLevel\)/)
  })

  it.each(['port', 'maximumArtifactSize'])(
    'of a file: %s takes numbers, and nothing that could be made one',
    (name) => {
      for (const value of [null, true, [], {}, 1.5, ''])
        expect(fromFile(JSON.stringify({ [name]: value })).message).toContain(`(${name}): must be a whole number`)
    },
  )

  it('that do not exist are refused, with those that do', () => {
    const { code, message } = fromEnvironment({ COUNTERSIGN_PROT: '80' })
    expect(code).toBe('CONFIGURATION_INVALID')
    expect(message).toMatch(/COUNTERSIGN_PROT\b.*COUNTERSIGN_PORT\b/)
    const inFile = fromFile('{"prot": 80}')
    expect(inFile.message).toMatch(/"prot".*\bport\b/)
  })

  it('include what the bootstrap and the command read, which are not taken for mistakes', () => {
    const environment = Object.fromEntries(
      ['COUNTERSIGN_URL', 'COUNTERSIGN_TOKEN', 'COUNTERSIGN_TOKEN_FILE', 'COUNTERSIGN_TEMPORAL_CLI'].map((name) => [
        name,
        'x',
      ]),
    )
    expect(readSettings({ environment }).port).toBe(8080)
    expect(knownEnvironmentVariables()).toEqual(expect.arrayContaining(Object.keys(environment)))
  })

  it('have a name in the environment: words in capitals', () => {
    expect(environmentVariable('pkcs11Token')).toBe('COUNTERSIGN_PKCS11_TOKEN')
    expect(environmentVariable('maximumArtifactSize')).toBe('COUNTERSIGN_MAXIMUM_ARTIFACT_SIZE')
  })

  it('that a role cannot do without are asked for by name', () => {
    const settings = readSettings({ environment: {} })
    const { code, message } = failureOf(() => required(settings, 'pkcs11Pin', 'signer'))
    expect(code).toBe('CONFIGURATION_INVALID')
    expect(message).toMatch(/signer.*COUNTERSIGN_PKCS11_PIN.*_FILE/)
    expect(required(settings, 'host', 'api')).toBe('127.0.0.1')
  })
})

describe('key stores', () => {
  const pin = 'hunter2-7391-4711'
  const first = { COUNTERSIGN_PKCS11_MODULE: '/a.so', COUNTERSIGN_PKCS11_TOKEN: 'a', COUNTERSIGN_PKCS11_PIN: 'one' }
  const further = () =>
    JSON.stringify({ 'hsm-2': { module: '/b.so', token: 'b', pinFile: file(`${pin}\n`), sessions: 3 } })
  const configured = (environment: Environment) => configuredKeyStores(readSettings({ environment }), undefined)

  it('are the one of the PKCS#11 settings, and those that are named beside it', () => {
    const only = configured({ ...first, COUNTERSIGN_PKCS11_SESSIONS: '4', COUNTERSIGN_PKCS11_TOKEN_SERIAL_NUMBER: '7' })
    expect(Object.fromEntries(only)).toEqual({
      default: {
        modulePath: '/a.so',
        tokenLabel: 'a',
        tokenSerialNumber: '7',
        pin: 'one',
        sessions: 4,
        callLimitMs: 30_000,
      },
    })
    const both = configured({ ...first, COUNTERSIGN_KEY_STORES: further() })
    expect([...both.keys()]).toEqual(['default', 'hsm-2'])
    expect(both.get(parseKeyStoreName('hsm-2'))).toEqual({
      modulePath: '/b.so',
      tokenLabel: 'b',
      pin,
      sessions: 3,
      callLimitMs: 30_000,
    })
    expect([...configured({ COUNTERSIGN_KEY_STORES: further() }).keys()]).toEqual(['hsm-2'])
  })

  it('are one at least, and their PINs can be read', () => {
    expect(failureOf(() => configured({})).message).toContain('COUNTERSIGN_PKCS11_MODULE')
    const path = join(temporaryFolder(), 'none')
    const lost = JSON.stringify({ 'hsm-2': { module: '/b.so', token: 'b', pinFile: path } })
    const { code, message } = failureOf(() => configured({ COUNTERSIGN_KEY_STORES: lost }))
    expect(code).toBe('SECRET_FILE_UNREADABLE')
    expect(message).toContain('COUNTERSIGN_KEY_STORES (hsm-2: pinFile)')
    expect(message).toContain(path)
  })
})

describe('a configuration file', () => {
  it.each([
    ['a list', '[]'],
    ['null', 'null'],
    ['nothing', ''],
    ['half an object', '{"port": 1'],
  ])('that holds %s is refused', (_, text) => {
    const { code, message } = fromFile(text)
    expect(code).toBe('CONFIGURATION_FILE_UNREADABLE')
    expect(message).toContain('JSON')
  })

  it('that is not there is refused, naming it', () => {
    const configFile = join(temporaryFolder(), 'none.json')
    const { code, message } = failureOf(() => readSettings({ environment: {}, configFile }))
    expect(code).toBe('CONFIGURATION_FILE_UNREADABLE')
    expect(message).toContain(configFile)
  })
})

describe('secrets', () => {
  const names = ['operatorToken', 'readModelPassword', 'pkcs11Pin', 'payloadKey'] as const
  const secret = 'hunter2-7391-4711-0815'

  it.each(names)('%s is read from a file of its own, without the line break at its end', (name) => {
    const environment = { [`${environmentVariable(name)}_FILE`]: file(`${secret}\n`) }
    expect(readSettings({ environment })[name]).toBe(secret)
  })

  it('in a file that is not there are refused, naming variable and file', () => {
    const path = join(temporaryFolder(), 'none')
    const { code, message } = fromEnvironment({ COUNTERSIGN_PKCS11_PIN_FILE: path })
    expect(code).toBe('SECRET_FILE_UNREADABLE')
    expect(message).toMatch(/COUNTERSIGN_PKCS11_PIN_FILE/)
    expect(message).toContain(path)
  })

  it('that are empty are refused', () => {
    expect(fromEnvironment({ COUNTERSIGN_PKCS11_PIN_FILE: file('\n') }).message).toContain('COUNTERSIGN_PKCS11_PIN')
    const keyStores = { hsm: { module: '/m.so', token: 'release', pinFile: file(' \n') } }
    const settings = readSettings({ environment: { COUNTERSIGN_KEY_STORES: JSON.stringify(keyStores) } })
    const { code, message } = failureOf(() => configuredKeyStores(settings, undefined))
    expect(code).toBe('SECRET_FILE_UNREADABLE')
    expect(message).toContain('(hsm: pinFile)')
  })

  it('are never told by a failure, nor by what caused it', () => {
    const failures = [
      fromEnvironment({ COUNTERSIGN_PKCS11_PIN: secret, COUNTERSIGN_PORT: 'x' }),
      fromEnvironment({ COUNTERSIGN_PKCS11_PINN: secret }),
      fromEnvironment({ COUNTERSIGN_READ_MODEL: `mysql://user:${secret}@db` }),
      fromEnvironment({ COUNTERSIGN_READ_MODEL: `postgres://user:${secret}@db:99999` }),
      fromEnvironment({ COUNTERSIGN_EVENT_LOG: `http://user:${secret}@db` }),
      fromFile(JSON.stringify({ pkcs11Pin: [secret] })),
      fromFile(JSON.stringify({ pkcs11Pinn: secret })),
      // Where the parser stops, it quotes.
      fromFile(`{"pkcs11Pin": ${secret}}`),
      fromFile(`{"pkcs11Pin": "${secret}" "port": 1}`),
      fromFile(secret),
    ]
    for (const { message, stack, cause } of failures)
      expect([message, stack, String(cause)].join('\n')).not.toContain(secret)
  })
})
