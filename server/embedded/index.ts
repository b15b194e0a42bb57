import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { type Closer, closeAll } from '../close-all.ts'
import { roles as allRoles, type Settings } from '../configuration.ts'
import { keepEventKeys } from '../event-keys.ts'
import { firstOrganizationName } from '../first-organization.ts'
import type { HealthCheck } from '../health.ts'
import { keepMasterKey } from '../persons.ts'
import { keepSecretKey } from '../secret-keys.ts'
import { keepSecretStoreKey } from '../secrets.ts'
import { type Service, startService } from '../service.ts'
import { type Credentials, credentialsPath, readCredentials, writeCredentials } from './credentials.ts'
import { createDemo, demoName } from './demo.ts'
import { forgetRuntimeFacts, payloadKeyPath, writeRuntimeFacts } from './runtime-facts.ts'
import { type SelfChecked, selfCheck } from './self-check.ts'
import { prepareSoftHsm } from './softhsm.ts'
import { startTemporalServer, type TemporalServer, temporalProblem } from './temporal.ts'
import { startTimeStampAuthority } from './time-stamp-authority.ts'
import { prepareTimeStampAuthority } from './time-stamp-authority-identity.ts'

export { payloadKeyPath } from './runtime-facts.ts'

/** The service and everything that it needs, in one process and its children. */
export type EmbeddedService = Service & {
  readonly temporal: TemporalServer
  /** What the first start's self-check made; `undefined` at later starts and without demo. */
  readonly checked: (SelfChecked & { readonly timeStampRoot: string }) | undefined
  /** Where the demo's tokens are; `undefined` without demo. */
  readonly credentialsFile: string | undefined
  /** What somebody can do with it now, as one line. */
  readonly next: string
}

/**
 * Starts everything on this machine: Temporal's development server, SQLite event log and read model, artifact folder,
 * a SoftHSM2 token, a time-stamp authority for test use, and the service with all its roles. What the settings name
 * already is taken from there instead. The first start makes the demo organization and checks itself.
 *
 * @param options.demo whether an empty data directory gets the demo organization
 * @param options.report called with each step when it is done
 * @throws EmbeddedStartError, ConfigurationError, and what `startService` throws
 */
export async function startEmbedded(options: {
  readonly settings: Settings
  readonly demo: boolean
  readonly logger: Logger
  /** Further parts that the service asks when it is asked whether it is ready. */
  readonly checks?: Readonly<Record<string, HealthCheck>>
  readonly report: (step: string) => void
}): Promise<EmbeddedService> {
  const { demo, logger, report } = options
  const { data } = options.settings
  await mkdir(data, { recursive: true, mode: 0o700 })
  const closers: Closer[] = []
  let service: Service | undefined

  async function close(): Promise<void> {
    await service?.close()
    await closeAll(closers, logger)
  }

  try {
    const temporal = await startTemporalServer({
      dataDirectory: data,
      logger,
      onStateChange({ state }) {
        // Its store may have been lost with it; the log knows what was under way.
        if (state === 'serving') service?.resume().catch((error) => logger.error({ err: error }, 'resuming failed'))
      },
    })
    closers.push(temporal.close)
    report(`Temporal serves on ${temporal.address}`)

    const [token, identity, payloadKey, eventKeys, personMasterKey, secretStoreKey] = await Promise.all([
      prepareSoftHsm({ dataDirectory: data }),
      prepareTimeStampAuthority({ dataDirectory: data }),
      keepSecretKey(payloadKeyPath(data)),
      keepEventKeys(data),
      keepMasterKey(data),
      keepSecretStoreKey(data),
    ])
    report(`SoftHSM2 token ${token.tokenLabel}`)
    const authority = await startTimeStampAuthority(identity)
    closers.push(authority.close)
    report(`time-stamp authority (for tests) on ${authority.url}`)

    const settings = withDefaults(options.settings, {
      temporalAddress: temporal.address,
      pkcs11Module: token.modulePath,
      pkcs11Token: token.tokenLabel,
      pkcs11Pin: token.pin,
      payloadKey,
      ...eventKeys,
      personMasterKey,
      secretStoreKey,
      ...(options.settings.timestampUrls.length > 0
        ? {}
        : { timestampUrls: [authority.url], timestampCertificates: identity.rootCertificatePath }),
    })
    let complete = false
    service = await startService({
      settings,
      roles: allRoles,
      logger,
      softHsmConfigPath: token.configPath,
      embeddedTemporal: true,
      checks: {
        ...options.checks,
        async setUp() {
          if (!complete) throw new Error('keys, demo and credentials are being set up')
        },
        async temporalServer() {
          const problem = temporalProblem(temporal.state())
          if (problem !== undefined) throw new Error(problem)
        },
      },
    })
    report(`event log, read model, artifacts, worker, signer and API on ${service.url}`)
    await writeRuntimeFacts(data, { url: service.url, temporalAddress: temporal.address })
    closers.push(() => forgetRuntimeFacts(data))

    const { credentials, made } = await keepDemo(service, data, demo, report)
    const folder = join(data, 'self-check')
    const checked =
      made && credentials !== undefined ? await selfCheck({ ...service, credentials, folder, report }) : undefined
    complete = true
    return {
      ...service,
      temporal,
      close,
      credentialsFile: credentials && credentialsPath(data),
      next: nextStep(await firstOrganizationName(service.dependencies.log)),
      checked: checked && { ...checked, timeStampRoot: identity.rootCertificatePath },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** What somebody can do with a service that has just started, as one line. @param organization the first one's name */
function nextStep(organization: string | undefined): string {
  if (organization === undefined)
    return 'Set it up, in another terminal:  npx countersign init --organization NAME --administrator NAME'
  if (organization !== demoName) return 'What it can do:  npx countersign --help'
  return 'Sign something:  npx countersign sign FILE --project demo --policy test-signing --out SIGNED'
}

/** The demo's credentials, at the address where the service listens today. */
async function keepDemo(
  service: Service,
  data: string,
  demo: boolean,
  report: (step: string) => void,
): Promise<{ readonly credentials: Credentials | undefined; readonly made: boolean }> {
  const { url, dependencies, application: administration } = service
  const known = await readCredentials(data)
  if (known === undefined) {
    const organization = demo ? await firstOrganizationName(dependencies.log) : undefined
    // An installation that somebody set up for themselves is theirs.
    if (!demo || (organization !== undefined && organization !== demoName))
      return { credentials: undefined, made: false }
    if (organization !== undefined) report('an earlier first start was interrupted; making the demo anew')
  }
  const credentials = { ...(known ?? (await createDemo({ ...dependencies, administration }, report))), url }
  if (known?.url !== url) await writeCredentials(data, credentials)
  return { credentials, made: known === undefined }
}

function withDefaults(settings: Settings, defaults: Partial<Settings>): Settings {
  const given = Object.entries(settings).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  )
  return { ...settings, ...defaults, ...Object.fromEntries(given) }
}
