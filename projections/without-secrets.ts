import type { RecordedEvent } from '../event-log/index.ts'

/** What has the hash of a token in its data. */
const tokenTypes: readonly unknown[] = ['ApiTokenIssued', 'InvitationIssued', 'TrustedBuildSystemTokenIssued']

/**
 * The event as the read model may keep it: the hash of a token is for the log and who authenticates alone, also where
 * a proposed change makes the token. The event may be of any form: whoever folds it says what is wrong with it.
 */
export function withoutSecrets(event: RecordedEvent): RecordedEvent {
  if (tokenTypes.includes(event.type)) return { ...event, data: withoutHash(event.data) }
  const { events } = event.data
  if (event.type !== 'ChangeProposed' || !Array.isArray(events)) return event
  return { ...event, data: { ...event.data, events: events.map(withoutHashOfToken) } }
}

function withoutHashOfToken(proposed: unknown): unknown {
  const { type, data } = (proposed ?? {}) as { readonly type?: unknown; readonly data?: unknown }
  if (!tokenTypes.includes(type) || typeof data !== 'object' || data === null) return proposed
  return { ...(proposed as object), data: withoutHash(data as Readonly<Record<string, unknown>>) }
}

function withoutHash<Data extends Readonly<Record<string, unknown>>>({ tokenHash: _, ...data }: Data) {
  return data
}
