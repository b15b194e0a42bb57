import type { RecordedEvent } from '../event-log/index.ts'

/** The event as the read model may keep it: the hash of an API token is for the log and who authenticates alone. */
export function withoutSecrets(event: RecordedEvent): RecordedEvent {
  if (event.type !== 'ApiTokenIssued') return event
  const { tokenHash: _, ...data } = event.data
  return { ...event, data }
}
