// Detection as a process of its own, which kills itself at a moment of its way. The argument is a {@link DetectionChild} as JSON.
import { type ActivityStore, openSqliteActivityStore, startDetection } from '../../detection/index.ts'
import { type EventLog, openSqliteEventLog } from '../../event-log/index.ts'

/**
 * When it kills itself: before what was found is kept, when it is kept and not yet in the log, when it is in the log and not yet
 * forgotten, or afterwards.
 */
export type DetectionKill = 'found' | 'kept' | 'appended' | 'forgotten'

/** What the process does. */
export type DetectionChild = {
  /** Path of the SQLite log. */
  readonly log: string
  /** Path of the SQLite store. */
  readonly store: string
  /** Without it somebody else ends it. */
  readonly kill?: DetectionKill
}

const { log: logPath, store: storePath, kill } = JSON.parse(process.argv[2] ?? '') as DetectionChild
const at = (moment: DetectionKill) => {
  if (kill === moment) process.kill(process.pid, 'SIGKILL')
}
const stored = openSqliteActivityStore(storePath)
const log = openSqliteEventLog({ path: logPath })
const store: ActivityStore = {
  ...stored,
  async save(step) {
    if (step.findings.length > 0) at('found')
    const outcome = await stored.save(step)
    if (step.findings.length > 0) at('kept')
    return outcome
  },
  async recorded(id) {
    at('appended')
    await stored.recorded(id)
    at('forgotten')
  },
}
startDetection({ log: log as EventLog, store, now: () => new Date().toISOString() })
