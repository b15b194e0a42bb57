import type { EventLog } from '../../../event-log/index.ts'

/** One store that logs are opened on. */
export type EventLogHarness = {
  /** Opens the log; each time with connections of its own, as another process would. */
  open(): EventLog
  stop(): Promise<void>
}

/** The log that a harness opened, for all tests of a contract. */
export type OpenedLog = { readonly log: EventLog; readonly harness: EventLogHarness }
