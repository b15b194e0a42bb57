import type { RecordedEvent } from '../event-log/index.ts'

type Told = { readonly type: string; readonly data: Readonly<Record<string, unknown>> }

/**
 * The event as the read model may keep it: the hash of an API token is for the log and who authenticates alone, also where
 * a proposed change makes the token.
 */
export function withoutSecrets(event: RecordedEvent): RecordedEvent {
  if (event.type === 'ApiTokenIssued') return { ...event, data: withoutHash(event.data) }
  if (event.type !== 'ChangeProposed') return event
  const events = (event.data.events as readonly Told[]).map((each) =>
    each.type === 'ApiTokenIssued' ? { ...each, data: withoutHash(each.data) } : each,
  )
  return { ...event, data: { ...event.data, events } }
}

function withoutHash<Data extends Readonly<Record<string, unknown>>>({ tokenHash: _, ...data }: Data) {
  return data
}
