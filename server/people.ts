import type { Logger } from 'pino'
import type { EventLog } from '../event-log/index.ts'
import type { Persons } from '../persons/index.ts'
import type { Settings } from './configuration.ts'
import { followErasures } from './erasures.ts'
import { noticeOfPersons, openPersons } from './persons.ts'

/** Names and addresses of people, kept as erasures and new master keys demand. */
export type People = {
  readonly persons: Persons
  /** What is wrong with them; `undefined` when nothing is. */
  readonly notice: () => Promise<string | undefined>
  readonly close: () => Promise<void>
}

/** Opens the keys of persons, follows erasures in the log, and has keys wrapped by the newest master key. */
export async function openPeople(options: {
  readonly settings: Settings
  readonly log: EventLog
  /** The same log; what is read in it a process of the service wrote. */
  readonly verified: EventLog
  readonly logger: Logger
}): Promise<People> {
  const { settings, log, verified, logger } = options
  const persons = await openPersons(settings, logger)
  const erasures = followErasures({ log, verified, persons, logger })
  void persons.rewrap().catch((error) => logger.error({ err: error }, 'keys of persons could not be wrapped anew'))
  return {
    persons,
    notice: () => noticeOfPersons(persons),
    async close() {
      await erasures.close()
      await persons.close()
    },
  }
}
