import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import {
  type ApplicationDependencies,
  createAdministration,
  openRefusalAudit,
  setUpOrganization,
} from '../application/index.ts'
import { Setup } from '../application/setup.ts'
import { type Instant, type OrganizationId, parseName, Refusal } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { temporalWorkflows } from '../workflows/client.ts'
import {
  noBuildSystems,
  nobody,
  noCertificates,
  noConfigurationTexts,
  noSecrets,
  noTargets,
  noWebHooks,
} from './answers-nobody.ts'
import type { Settings } from './configuration.ts'
import type { Credentials } from './embedded/credentials.ts'
import { createDemo } from './embedded/demo.ts'
import { readRuntimeFacts } from './embedded/runtime-facts.ts'
import { keepEventKeys } from './event-keys.ts'
import { openServiceLog } from './event-log.ts'
import { firstOrganizationName } from './first-organization.ts'
import { openLogger } from './logging.ts'
import { keepMasterKey, openPersons } from './persons.ts'
import { connectClient, temporalTarget } from './temporal.ts'

/** More bytes than the tokens of any set-up take. */
const roomForTokens = 16 * 1024

/** What to set up. */
export type Initialisation = {
  /** The organization's name. */
  readonly organization: string
  /** The name of its first Global Administrator. */
  readonly administrator: string
  /** The demo organization instead: it needs Temporal, a worker and a signer at work. */
  readonly demo: boolean
  /** Whether it is one beside others, in an installation that was set up before; else the installation is to be empty. */
  readonly further?: boolean
  /** Where the tokens go: a file that must not exist yet, readable by its owner only. */
  readonly credentialsFile: string
}

/**
 * Sets up an empty installation: an organization with its first Global Administrator, or the demo organization. Or adds an
 * organization to one, which has nothing in common with those that are there but the installation itself. What it
 * writes it signs as an API process does; when the settings name no keys of events, they and the master key of persons are
 * made in the data directory.
 *
 * @throws Refusal `ORGANIZATION_EXISTS` when the log of an empty installation holds one already, `INSTALLATION_EMPTY` when one
 *   beside others is to be made and there is none, `CREDENTIALS_FILE_EXISTS`, `CREDENTIALS_FILE_UNWRITABLE`, `NAME_MALFORMED`
 * @throws EventLogError, WorkflowsUnavailable, PersonKeysError
 */
export async function initialise(
  settings: Settings,
  { organization, administrator, demo, further = false, credentialsFile }: Initialisation,
): Promise<Credentials> {
  parseName(organization, "The organization's name")
  parseName(administrator, "The administrator's name")
  const ownKeys = settings.eventKey === undefined && settings.installationKey === undefined
  const keys = ownKeys ? await keepEventKeys(settings.data) : {}
  const personMasterKey = settings.personMasterKey ?? (ownKeys ? await keepMasterKey(settings.data) : undefined)
  const { logger } = openLogger({ logLevel: 'error' })
  const persons = await openPersons(
    { ...settings, ...(personMasterKey === undefined ? {} : { personMasterKey }) },
    logger,
  )
  try {
    const { log } = await openServiceLog({ ...settings, ...keys }, ['api'])
    try {
      if (further) await requireFirst(log)
      else await refuseSecond(log)
      // Before anything is recorded: an organization without its administrator could not be set up again.
      await persons.check()
      const url =
        settings.publicUrl ?? (await readRuntimeFacts(settings.data))?.url ?? `http://${settings.host}:${settings.port}`
      // The file's place is taken before anything is recorded: tokens that could not be handed out would be lost.
      return await intoNewFile(credentialsFile, async () => ({
        url,
        ...(demo
          ? await makeDemo(settings, { log, persons, now })
          : await makeOrganization({ log, persons, now }, organization, administrator)),
      }))
    } finally {
      await log.close()
    }
  } finally {
    await persons.close()
  }
}

type SetUpDependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'persons'>

async function refuseSecond(log: EventLog): Promise<void> {
  const name = await firstOrganizationName(log)
  if (name !== undefined)
    throw new Refusal(
      'ORGANIZATION_EXISTS',
      `The event log holds an organization already: ${name}. An installation is set up once; \`countersign organization create\` adds further ones.`,
    )
}

async function requireFirst(log: EventLog): Promise<void> {
  if ((await firstOrganizationName(log)) === undefined)
    throw new Refusal(
      'INSTALLATION_EMPTY',
      'The event log holds no organization yet. Set the installation up with `countersign init`.',
    )
}

async function makeOrganization(
  dependencies: SetUpDependencies,
  name: string,
  administrator: string,
): Promise<Omit<Credentials, 'url'>> {
  const setup = new Setup(randomUUID() as OrganizationId)
  const { organizationId } = setup
  const { userId, token } = await setUpOrganization(dependencies, setup, { name, administrator })
  return { organizationId, users: { administrator: { userId, token } } }
}

async function makeDemo(settings: Settings, dependencies: SetUpDependencies): Promise<Omit<Credentials, 'url'>> {
  const { client, close } = connectClient(temporalTarget(settings, 'worker'))
  const refusals = openRefusalAudit({ ...dependencies, onError: () => undefined })
  try {
    const workflows = temporalWorkflows(client)
    const room = { require: async () => undefined }
    const administration = createAdministration({
      ...dependencies,
      // The demo controls no changes, and asks for no administrators.
      administrators: nobody,
      workflows,
      refusals,
      room,
      certificates: noCertificates,
      secrets: noSecrets,
      checkTarget: noTargets,
      configurationTexts: noConfigurationTexts,
      buildSystems: noBuildSystems,
      webHooks: noWebHooks,
    })
    return await createDemo({ ...dependencies, administration }, () => undefined)
  } finally {
    await refusals.close()
    await close()
  }
}

function now(): Instant {
  return new Date().toISOString()
}

/**
 * Writes what is made into a file that was not there before; when the making fails, no file remains. The file has its room
 * before anything is made: on a disk that is full, tokens would be made and lost.
 */
export async function intoNewFile(path: string, make: () => Promise<Credentials>): Promise<Credentials> {
  const file = await openNew(path)
  try {
    await takeRoom(file, path)
    const credentials = await make()
    const text = Buffer.from(`${JSON.stringify(credentials, undefined, 2)}\n`)
    await file.write(text, 0, text.length, 0)
    await file.truncate(text.length)
    await file.sync()
    return credentials
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

async function takeRoom(file: FileHandle, path: string): Promise<void> {
  try {
    await file.write(Buffer.alloc(roomForTokens, ' '), 0, roomForTokens, 0)
    await file.sync()
  } catch (error) {
    throw unwritable(path, error)
  }
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new Refusal('CREDENTIALS_FILE_EXISTS', `${path} exists already; name another file for the tokens.`)
    throw unwritable(path, error)
  }
}

function unwritable(path: string, error: unknown): Refusal {
  return new Refusal('CREDENTIALS_FILE_UNWRITABLE', `${path} cannot be written: ${(error as Error).message}`)
}
