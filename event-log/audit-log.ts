import { type AppendAudit, startAppendsAudit } from './audit-appends.ts'
import { startStreamsAudit } from './audit-streams.ts'
import type { LogFault } from './check-appends.ts'
import { partsOf, unparsedEntryOf } from './joined-row.ts'
import { type LogEntry, readEverything } from './log-entries.ts'
import type { KeyRing } from './process-keys.ts'
import { type AnyRow, type AuditableLog, type HiddenEvent, rowOf } from './stored-row.ts'

/** How a log is audited. */
export type LogAuditOptions = {
  /** Audit this stream alone; the whole log is read for it nevertheless. */
  readonly only?: string | undefined
  /** Whether appends may conceal what they name, as they do in the export of one organization. */
  readonly mayConceal?: boolean
}

const maximumHidden = 1_000

/**
 * Reads a whole log and checks everything in it: the appends (`startAppendsAudit`), and that its streams show what the whole of it
 * has. Each event is read once, and parsed only so far as the audit needs it; `use` is given the very rows that are checked.
 *
 * @param log as it was written
 * @param use is given the rows of the whole log, or of the one stream, in their order, and waited for
 */
export async function auditLog(
  log: AuditableLog,
  keys: KeyRing,
  { only, mayConceal = false }: LogAuditOptions = {},
  use: (rows: readonly AnyRow[]) => Promise<void> | undefined = () => undefined,
): Promise<AppendAudit> {
  const isWanted = (streamId: string) => only === undefined || streamId === only
  const appends = startAppendsAudit(log, keys, only, { mayConceal, unparsed: log.readStored !== undefined })
  const hidden: LogFault[] = []
  let hiddenCount = 0

  function hide({ streamId, revision, id: eventId, reason }: HiddenEvent): void {
    if (!isWanted(streamId)) return
    hiddenCount += 1
    if (hidden.length < maximumHidden) hidden.push({ kind: 'hidden', streamId, revision, eventId, reason })
  }

  async function take(rows: readonly AnyRow[], entries: Iterable<LogEntry>): Promise<void> {
    // Who folds the rows does so while they are checked here.
    const used = use(only === undefined ? rows : rows.filter((row) => partsOf(row)[1] === only))
    for (const entry of entries) {
      appends.take(entry)
      const room = appends.room()
      if (room !== undefined) await room
    }
    if (used !== undefined) await used
  }

  if (log.readStored !== undefined) {
    for await (const batch of log.readStored()) {
      await take(batch.rows, batch.rows.values().map(unparsedEntryOf))
      batch.hidden.forEach(hide)
    }
  } else {
    const streams = startStreamsAudit(log, isWanted)
    for await (const entries of readEverything(log)) {
      await take(entries.map(rowOf), entries)
      entries.forEach(streams.take)
    }
    const found = await streams.result()
    hidden.push(...found.slice(0, maximumHidden))
    hiddenCount += found.length
  }
  const { appends: count, faultCount, faults } = await appends.result()
  return { appends: count, faultCount: faultCount + hiddenCount, faults: [...faults, ...hidden] }
}
