import { failureCodeOf, openPostgresStore, type PostgresConnections } from '../databases/index.ts'
import type { ActivityProfile } from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { ActivityStore, StoredFinding } from './activity-store.ts'
import { ActivityStoreError } from './activity-store-error.ts'

/** How long connecting, and each statement, may take, in milliseconds. Nobody waits for it. */
const timeoutMs = 10_000

/** As of the SQLite store: another form of the profiles has tables of its own. */
const tables = `
  CREATE TABLE IF NOT EXISTS activity_progress_1 (one integer PRIMARY KEY CHECK (one = 1), position text, event_id text);
  INSERT INTO activity_progress_1 (one) VALUES (1) ON CONFLICT DO NOTHING;
  CREATE TABLE IF NOT EXISTS activity_profiles_1 (key text PRIMARY KEY, profile text NOT NULL);
  CREATE TABLE IF NOT EXISTS activity_findings_1 (number bigserial PRIMARY KEY, id text NOT NULL UNIQUE, finding text NOT NULL);
`

/** Any number that nothing else of the database locks: makers of the tables wait for each other. */
const schemaLock = 0x43534143

type Progress = { readonly position: string | null; readonly event_id: string | null }

/** Keeps it in a PostgreSQL database, which several processes may use: each part of the log is judged by one of them. */
export function openPostgresActivityStore(options: PostgresConnections): ActivityStore {
  const { transact: use, close } = openPostgresStore(options, {
    connections: 2,
    timeoutMs,
    tables: [tables],
    schemaLock,
    failure: (cause) =>
      new ActivityStoreError(
        'ACTIVITY_STORE_UNAVAILABLE',
        `The database of what is known of usual activity cannot be used: ${failureCodeOf(cause)}.`,
        { cause },
      ),
  })

  return {
    checkpoint: () =>
      use(async (client) => {
        const { rows } = await client.query<Progress>('SELECT position, event_id FROM activity_progress_1')
        return checkpointOf(rows[0])
      }),
    load: (keys) =>
      use(async (client) => {
        const { rows } = await client.query<{ readonly key: string; readonly profile: string }>(
          'SELECT key, profile FROM activity_profiles_1 WHERE key = ANY($1::text[])',
          [[...new Set(keys)]],
        )
        return new Map(rows.map(({ key, profile }) => [key, JSON.parse(profile) as ActivityProfile]))
      }),
    save: ({ after, checkpoint, profiles, findings }) =>
      use(async (client) => {
        // Locked until the transaction ends: others wait, and then see that it has moved.
        const { rows } = await client.query<Progress>('SELECT position, event_id FROM activity_progress_1 FOR UPDATE')
        const present = checkpointOf(rows[0])
        if (present?.position !== after?.position || present?.eventId !== after?.eventId) return 'moved'
        await client.query(
          `INSERT INTO activity_profiles_1 (key, profile) SELECT * FROM unnest($1::text[], $2::text[])
           ON CONFLICT (key) DO UPDATE SET profile = excluded.profile`,
          [[...profiles.keys()], [...profiles.values()].map((profile) => JSON.stringify(profile))],
        )
        for (const { id, event, cause } of findings)
          await client.query('INSERT INTO activity_findings_1 (id, finding) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
            id,
            JSON.stringify({ event, cause }),
          ])
        await client.query('UPDATE activity_progress_1 SET position = $1, event_id = $2', [
          checkpoint.position,
          checkpoint.eventId ?? null,
        ])
        return 'saved'
      }),
    unrecorded: (limit) =>
      use(async (client) => {
        const { rows } = await client.query<{ readonly id: string; readonly finding: string }>(
          'SELECT id, finding FROM activity_findings_1 ORDER BY number LIMIT $1',
          [limit],
        )
        return rows.map(({ id, finding }) => ({ id, ...JSON.parse(finding) }) as StoredFinding)
      }),
    recorded: (id) =>
      use(async (client) => void (await client.query('DELETE FROM activity_findings_1 WHERE id = $1', [id]))),
    clear: () =>
      use(async (client) => {
        await client.query('UPDATE activity_progress_1 SET position = NULL, event_id = NULL')
        await client.query('DELETE FROM activity_profiles_1')
        await client.query('DELETE FROM activity_findings_1')
      }),
    close,
  }
}

function checkpointOf(progress: Progress | undefined) {
  if (progress == null || progress.position === null) return undefined
  return { position: progress.position as LogPosition, eventId: progress.event_id ?? undefined }
}
