import { createHash } from 'node:crypto'
import type { DomainEvent, EventMetadata } from '../domain/index.ts'
import type { ExpectedRevision, NewEvent } from './event-log.ts'

/**
 * Gives domain events their ids and metadata for an append.
 *
 * An event's id follows from where it is to stand and what it says: stream, expected revision, place in the append,
 * type, data, actor, cause and the approved proposal, if there was one. So a step that is tried again after its answer was lost appends the same ids and writes once,
 * while two writers who want different things at the same revision never share an id.
 */
export function prepareEvents(
  streamId: string,
  expectedRevision: ExpectedRevision,
  events: readonly DomainEvent[],
  metadata: EventMetadata,
): readonly NewEvent[] {
  return events.map(({ type, data }, index) => {
    const identity = JSON.stringify([
      streamId,
      expectedRevision,
      index,
      type,
      data,
      metadata.actor,
      metadata.causationId,
      // One person can let two proposals of the same change through: only one of them can be what stands there.
      ...(metadata.changeProposalId === undefined ? [] : [metadata.changeProposalId]),
    ])
    return { id: uuidFromText(identity), type, data, metadata }
  })
}

/** The UUID of version 8 (RFC 9562 §5.8) that stands for a text: the first half of its SHA-256. Lower case. */
export function uuidFromText(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
