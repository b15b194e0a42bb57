import type { EventLog, LogPosition } from '../event-log/index.ts'

/** What is read at once. */
const pageSize = 500

/**
 * The name of the first organization in the log; `undefined` when there is none. An installation begins with it: before it
 * stand only keys of processes and refusals, so this reads the beginning of a log, however long it is.
 */
export async function firstOrganizationName(log: Pick<EventLog, 'readAll'>): Promise<string | undefined> {
  for (let after: LogPosition | undefined; ; ) {
    let read = 0
    // What cannot be read is no organization; it is named by whoever needs its stream.
    const onUnreadable = () => undefined
    for await (const events of log.readAll({
      ...(after !== undefined && { after }),
      maxCount: pageSize,
      onUnreadable,
    })) {
      const created = events.find(({ type }) => type === 'OrganizationCreated')
      if (created !== undefined) return String(created.data.name)
      read += events.length
      after = events.at(-1)?.position ?? after
    }
    if (read < pageSize) return undefined
  }
}
