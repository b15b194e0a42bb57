import { exportLog, type LogPosition } from '../event-log/index.ts'
import { openLogAsStored } from './event-log.ts'
import { type LocalOptions, settingsOf } from './local-settings.ts'

/**
 * Exports the whole event log that the settings name (`countersign audit export --whole-log`), as fast as it is taken.
 *
 * @param options.from the position to begin at
 * @throws ConfigurationError `EVENT_LOG_NOT_FOUND`; EventLogError, `EVENT_LOG_ARGUMENT_INVALID` for a position of no log
 */
export async function* auditExport(
  options: LocalOptions & { readonly from?: string | undefined },
): AsyncGenerator<Uint8Array> {
  const log = await openLogAsStored(settingsOf(options))
  try {
    yield* exportLog(log, { from: options.from as LogPosition | undefined, now: new Date().toISOString() })
  } finally {
    await log.close()
  }
}
