import { EventLogError, type EventLogErrorCode } from './event-log.ts'

const faults: readonly string[] = ['EVENT_LOG_UNTRUSTED', 'EVENT_LOG_CORRUPT'] satisfies EventLogErrorCode[]

/**
 * Whether an error says that one stream cannot be believed, and nothing of the others. It does not pass: who follows the whole
 * log and waited for it would hold up everything else.
 */
export function isFaultOfOneStream(error: unknown): error is EventLogError {
  return error instanceof EventLogError && faults.includes(error.code)
}
