import { join } from 'node:path'
import { z } from 'zod'
import { ConfigurationError } from './configuration-error.ts'
import { estServersSetting } from './est-server-settings.ts'
import { httpSettings } from './http-settings.ts'
import { keyStoresSetting } from './key-store-settings.ts'
import { outsideSettings } from './outside-settings.ts'
import { readJson, readSecret } from './setting-files.ts'
import { bytes, databaseAddress, httpUrl, list, sourceLimits, wholeNumber, yesOrNo } from './setting-forms.ts'

/** What a process of the service can do. */
export const roles = ['api', 'worker', 'signer', 'projector'] as const

/** What a process of the service can do: answer clients, run workflows, use keys, keep the read model. */
export type Role = (typeof roles)[number]

const settings = z.strictObject({
  roles: list
    .pipe(z.array(z.enum(roles)).min(1))
    .transform((given) => [...new Set(given)])
    .optional(),
  ...httpSettings,
  data: z.string().min(1).default('.countersign'),
  eventLog: z
    .string()
    .regex(/^(sqlite:.+|(esdb|kurrentdb)(\+discover)?:\/\/.+)$/, 'must be sqlite:<path> or esdb://<address>')
    .optional(),
  eventLogNamespace: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, hyphens and underscores')
    .default('countersign'),
  eventLogUser: z.string().min(1).optional(),
  eventLogPassword: z.string().min(1).optional(),
  eventLogTls: yesOrNo.optional(),
  eventLogTlsCa: z.string().min(1).optional(),
  eventLogTlsCertificate: z.string().min(1).optional(),
  eventLogTlsKey: z.string().min(1).optional(),
  readModel: databaseAddress.optional(),
  readModelPassword: z.string().min(1).optional(),
  readModelTls: yesOrNo.default(false),
  readModelTlsCa: z.string().min(1).optional(),
  readModelTlsCertificate: z.string().min(1).optional(),
  readModelTlsKey: z.string().min(1).optional(),
  personKeys: databaseAddress.optional(),
  personKeysPassword: z.string().min(1).optional(),
  personKeysTls: yesOrNo.default(false),
  personKeysTlsCa: z.string().min(1).optional(),
  personKeysTlsCertificate: z.string().min(1).optional(),
  personKeysTlsKey: z.string().min(1).optional(),
  personMasterKey: z.string().min(1).optional(),
  activityStore: databaseAddress.optional(),
  activityStorePassword: z.string().min(1).optional(),
  activityStoreTls: yesOrNo.default(false),
  activityStoreTlsCa: z.string().min(1).optional(),
  activityStoreTlsCertificate: z.string().min(1).optional(),
  activityStoreTlsKey: z.string().min(1).optional(),
  notificationStore: databaseAddress.optional(),
  notificationStorePassword: z.string().min(1).optional(),
  notificationStoreTls: yesOrNo.default(false),
  notificationStoreTlsCa: z.string().min(1).optional(),
  notificationStoreTlsCertificate: z.string().min(1).optional(),
  notificationStoreTlsKey: z.string().min(1).optional(),
  artifacts: z.string().min(1).optional(),
  signerScratch: z.string().min(1).optional(),
  maximumArtifactSize: bytes.default(4 * 1024 ** 3 - 1),
  sourceLimits: sourceLimits.default({}),
  verificationCertificates: z.string().min(1).optional(),
  verificationTimestampCertificates: z.string().min(1).optional(),
  containerDepth: wholeNumber(1, 32).default(8),
  containerEntries: wholeNumber(1, 1_000_000).default(100_000),
  containerSize: bytes.default(16 * 1024 ** 3),
  containerRatio: wholeNumber(1, 100_000).default(200),
  containerRatioFreeSize: bytes.default(10 * 1024 ** 2),
  collectArtifacts: yesOrNo.default(true),
  trashLifetime: wholeNumber(1, 87_600).default(168),
  uploadLifetime: wholeNumber(1, 8_760).default(24),
  uploadQuotaUser: bytes.default(16 * 1024 ** 3),
  uploadQuotaOrganization: bytes.default(64 * 1024 ** 3),
  temporalAddress: z
    .string()
    .regex(/^[^\s:]+:\d+$/, 'must be <host>:<port>')
    .optional(),
  temporalNamespace: z.string().min(1).default('default'),
  temporalTls: yesOrNo.default(false),
  temporalTlsCa: z.string().min(1).optional(),
  temporalTlsCertificate: z.string().min(1).optional(),
  temporalTlsKey: z.string().min(1).optional(),
  pkcs11Module: z.string().min(1).optional(),
  pkcs11Token: z.string().min(1).optional(),
  pkcs11TokenSerialNumber: z.string().min(1).optional(),
  pkcs11Pin: z.string().min(1).optional(),
  pkcs11Sessions: wholeNumber(1, 64).optional(),
  pkcs11CallTimeout: wholeNumber(1, 600).default(30),
  keyStores: keyStoresSetting,
  estServers: estServersSetting,
  ...outsideSettings,
  payloadKey: z.string().min(1).optional(),
  eventKey: z.string().min(1).optional(),
  installationKey: z.string().min(1).optional(),
  timestampUrls: list.pipe(z.array(httpUrl)).default([]),
  timestampCertificates: z.string().min(1).optional(),
  timestampMaximumSkew: wholeNumber(1, 86_400).default(300),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
})

/** Every setting, checked. Paths are as given: relative to the working directory. */
export type Settings = z.output<typeof settings>

/** Settings that hold secrets or keys and can be read from a file of their own: `COUNTERSIGN_<NAME>_FILE`. */
export const secretSettings = [
  'operatorToken',
  'eventLogPassword',
  'readModelPassword',
  'personKeysPassword',
  'personMasterKey',
  'activityStorePassword',
  'notificationStorePassword',
  'secretStorePassword',
  'secretStoreKey',
  'mailPassword',
  'pkcs11Pin',
  'payloadKey',
  'eventKey',
  'installationKey',
] as const satisfies readonly (keyof Settings)[]

/** Variables of the same prefix that belong to the bootstrap, the embedded start or the command line. */
const foreignVariables = new Set([
  'COUNTERSIGN_CONFIG',
  'COUNTERSIGN_URL',
  'COUNTERSIGN_TOKEN',
  'COUNTERSIGN_TOKEN_FILE',
  'COUNTERSIGN_TEMPORAL_CLI',
  'COUNTERSIGN_TEMPORAL_TEST_SERVER',
])

/** The environment variable of a setting: `pkcs11Token` is `COUNTERSIGN_PKCS11_TOKEN`. */
export function environmentVariable(setting: keyof Settings): string {
  return `COUNTERSIGN_${setting.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** Every environment variable that the service reads, for documentation and for checks of deployments. */
export function knownEnvironmentVariables(): readonly string[] {
  const names = Object.keys(settings.shape) as (keyof Settings)[]
  return [
    ...names.map(environmentVariable),
    ...secretSettings.map((secret) => `${environmentVariable(secret)}_FILE`),
    ...foreignVariables,
  ]
}

/**
 * Reads the settings: a JSON file (`--config` or `COUNTERSIGN_CONFIG`) first, environment variables above it.
 *
 * @throws ConfigurationError naming each wrong or unknown setting and the right form
 */
export function readSettings(options: {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly configFile?: string | undefined
  /** What the command line says, above everything else. */
  readonly overrides?: Partial<Record<keyof Settings, string>>
}): Settings {
  const { environment } = options
  const configFile = options.configFile ?? environment.COUNTERSIGN_CONFIG
  const fromFile = configFile === undefined ? {} : readJson(configFile)
  const fromEnvironment: Record<string, string> = {}
  for (const name of Object.keys(settings.shape) as (keyof Settings)[]) {
    const value = environment[environmentVariable(name)]
    if (value !== undefined && value !== '') fromEnvironment[name] = value
  }
  for (const name of secretSettings) {
    const path = environment[`${environmentVariable(name)}_FILE`]
    if (path !== undefined && path !== '') fromEnvironment[name] = readSecret(path, `${environmentVariable(name)}_FILE`)
  }
  refuseUnknown(environment)
  const parsed = settings.safeParse({ ...fromFile, ...fromEnvironment, ...options.overrides })
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => {
    const name = issue.path[0]
    if (name === undefined) return `${issue.message}. Known are: ${Object.keys(settings.shape).sort().join(', ')}.`
    const place = issue.path.map(String).join('.')
    const isOption = options.overrides !== undefined && name in options.overrides
    const where = isOption ? `--${String(name)}` : environmentVariable(name as keyof Settings)
    return `${where} (${place}): ${describe(issue)}`
  })
  throw new ConfigurationError('CONFIGURATION_INVALID', `The configuration cannot be used.\n  ${faults.join('\n  ')}`)
}

/** What is wrong; of a name in an object, what is wrong with the name. */
function describe(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
}

/** A path below the data directory. */
export function dataPath({ data }: Pick<Settings, 'data'>, ...names: readonly string[]): string {
  return join(data, ...names)
}

/**
 * A setting that a role cannot do without.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID` when it is not set
 */
export function required<Name extends keyof Settings>(
  all: Settings,
  name: Name,
  role: string,
): NonNullable<Settings[Name]> {
  const value = all[name]
  if (value === undefined || value === null)
    throw new ConfigurationError(
      'CONFIGURATION_INVALID',
      `The role ${role} needs ${environmentVariable(name)}${(secretSettings as readonly string[]).includes(name) ? ' (or the same name with _FILE)' : ''}.`,
    )
  return value as NonNullable<Settings[Name]>
}

function refuseUnknown(environment: Readonly<Record<string, string | undefined>>): void {
  const known = new Set(knownEnvironmentVariables())
  const unknown = Object.keys(environment).filter((name) => name.startsWith('COUNTERSIGN_') && !known.has(name))
  if (unknown.length > 0)
    throw new ConfigurationError(
      'CONFIGURATION_INVALID',
      `There is no setting ${unknown.join(', ')}. Known are: ${[...known].sort().join(', ')}.`,
    )
}
