import { appointAdministrator } from '../application/index.ts'
import { Setup } from '../application/setup.ts'
import { type OrganizationId, parseId, type UserId } from '../domain/index.ts'
import type { Settings } from './configuration.ts'
import { readRuntimeFacts } from './embedded/runtime-facts.ts'
import { openEventLog, openServiceLog } from './event-log.ts'
import { intoNewFile } from './initialise.ts'
import { openLogger } from './logging.ts'
import { openPersons } from './persons.ts'

/** Who is to be Global Administrator of which organization. */
export type AddedAdministrator = {
  /** The organization's id. */
  readonly organization: string
} & (
  | {
      /** The id of a user who is there. */
      readonly user: string
    }
  | {
      /** Somebody new, whose token goes into a new file. */
      readonly name: string
      readonly out: string
    }
)

/**
 * Makes somebody Global Administrator for the operator of the machine, also while the service runs. What it writes it signs as an
 * API process does.
 *
 * @throws Refusal as `appointAdministrator`; `ID_MALFORMED`, `CREDENTIALS_FILE_EXISTS`, `CREDENTIALS_FILE_UNWRITABLE`
 * @throws ConfigurationError `EVENT_LOG_NOT_FOUND`, …; EventLogError, PersonKeysError
 */
export async function addAdministrator(
  settings: Settings,
  wanted: AddedAdministrator,
): Promise<{ readonly userId: string; readonly credentialsFile: string | null }> {
  const organizationId = parseId<OrganizationId>(wanted.organization, 'The organization id')
  // An installation that is not there is not made.
  await (await openEventLog(settings)).close()
  const persons = await openPersons(settings, openLogger({ logLevel: 'error' }).logger)
  try {
    const { log } = await openServiceLog(settings, ['api'])
    try {
      const dependencies = { log, persons, now: () => new Date().toISOString() }
      const operator = new Setup(organizationId, { component: 'operator' })
      if ('user' in wanted) {
        const userId = parseId<UserId>(wanted.user, 'The user id')
        await appointAdministrator(dependencies, operator, { userId })
        return { userId, credentialsFile: null }
      }
      const url =
        settings.publicUrl ?? (await readRuntimeFacts(settings.data))?.url ?? `http://${settings.host}:${settings.port}`
      const { users } = await intoNewFile(wanted.out, async () => {
        const { userId, token } = await appointAdministrator(dependencies, operator, { name: wanted.name })
        return { url, organizationId, users: { administrator: { userId, token: token ?? '' } } }
      })
      return { userId: users.administrator?.userId ?? '', credentialsFile: wanted.out }
    } finally {
      await log.close()
    }
  } finally {
    await persons.close()
  }
}
