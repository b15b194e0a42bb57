import type { EventLog, LogPosition } from '../event-log/index.ts'

/** What is read at once. */
const pageSize = 500

/**
 * The name of the first organization in the log; `undefined` when there is none. An installation begins with it: before it
 * stand only keys of processes and refusals, so this reads the beginning of a log, however long it is.
 */
export async function firstOrganizationName(log: Pick<EventLog, 'readAll'>): Promise<string | undefined> {
  for (let after: LogPosition | undefined; ; ) {
    let last: LogPosition | undefined
    const see = ({ position }: { readonly position: LogPosition }) => {
      if (last === undefined || position > last) last = position
    }
    // What cannot be read is no organization; it is named by whoever needs its stream.
    const page = { ...(after !== undefined && { after }), maxCount: pageSize, onUnreadable: see }
    for await (const events of log.readAll(page)) {
      const created = events.find(({ type }) => type === 'OrganizationCreated')
      if (created !== undefined) return String(created.data.name)
      events.forEach(see)
    }
    if (last === undefined) return undefined
    after = last
  }
}
