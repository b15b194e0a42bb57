import type { AppendSignature, EventMetadata } from '../domain/index.ts'
import type { RecordedEvent } from './event-log.ts'
import type { SerialisedEvent } from './serialise.ts'

/** What a signature says besides its value. */
export type SignedPlace = Omit<AppendSignature, 'value' | 'count' | 'path'> & { readonly streamId: string }

/**
 * What the signature of an append is over: UTF-8 lines, parted by line feeds, none at the end.
 *
 *     countersign append v1
 *     <key id>
 *     <stream id>
 *     <revision of the first event>
 *     <witnesses, JSON>
 *     <id>, <type>, <data>, <metadata> of each event, a line each
 *
 * Data and metadata are the JSON texts as they are stored, the last event's metadata without its member `signature`.
 * JSON texts, names and ids have no line feeds, so no two appends have the same bytes.
 */
export function appendMessage(place: SignedPlace, events: readonly SerialisedEvent[]): string {
  const { keyId, streamId, revision, witnesses } = place
  const lines = ['countersign append v1', keyId, streamId, String(revision), JSON.stringify(witnesses)]
  for (const { id, type, data, metadata } of events) lines.push(id, type, data, metadata)
  return lines.join('\n')
}

/**
 * The bytes that are signed for appends that were made at the same moment: a line that says what it is, and the root of the
 * tree (`digest-tree.ts`) over their messages, base64url. An append that was made alone is a tree by itself.
 */
export function signedRoot(root: string): Buffer {
  return Buffer.from(`countersign appends v1\n${root}`)
}

/**
 * An event of a log as it was written, without its signature. What `JSON.stringify` wrote it writes again after
 * `JSON.parse`, so the texts are those that were signed.
 */
export function asWritten({ id, type, data, metadata }: RecordedEvent): SerialisedEvent {
  return { id, type, data: JSON.stringify(data), metadata: JSON.stringify(withoutSignature(metadata)) }
}

/** Metadata as it is signed. */
export function withoutSignature(metadata: EventMetadata): Omit<EventMetadata, 'signature'> {
  const { signature: _, ...signed } = metadata
  return signed
}
