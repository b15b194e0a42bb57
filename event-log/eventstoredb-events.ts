import { isUtf8 } from 'node:buffer'
import type { Position } from '@eventstore/db-client'
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { EventMetadata } from '../domain/index.ts'
import { positionInvalid } from './check-arguments.ts'
import { EventLogError, type LogPosition } from './event-log.ts'
import type { LogEntry } from './log-entries.ts'
import { isJsonObject } from './serialise.ts'
import { StoredText } from './stored-text.ts'

/** What a server before 22.6 gives as position when a single stream is read: −1 as unsigned 64-bit integer. */
const noPosition = 2n ** 64n - 1n

/** Commit and prepare position, each as 16 hexadecimal digits, so that text orders as the pairs do. */
export function encodeEventStoreDbPosition({ commit, prepare }: Position): LogPosition {
  return (hex(commit) + hex(prepare)) as LogPosition
}

function hex(part: bigint): string {
  return part.toString(16).padStart(16, '0')
}

/**
 * Reads what {@link encodeEventStoreDbPosition} wrote.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID`
 */
export function decodeEventStoreDbPosition(position: LogPosition): Position {
  if (!/^[0-9a-f]{32}$/.test(position)) throw positionInvalid(position)
  return { commit: BigInt(`0x${position.slice(0, 16)}`), prepare: BigInt(`0x${position.slice(16)}`) }
}

/** How the streams of one log are told from all others of the same database: by how their names begin. */
export type StreamNames = {
  readonly prefix: string
  readonly onServer: (streamId: string) => string
}

/** @param namespace letters, digits, `_` and `-`: with a dot one namespace could be the beginning of another */
export function streamNames(namespace: string): StreamNames {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(namespace))
    throw new EventLogError(
      'EVENT_LOG_ARGUMENT_INVALID',
      `The namespace must be 1 to 64 letters, digits, hyphens and underscores; got ${JSON.stringify(namespace.slice(0, 80))}.`,
    )
  const prefix = `${namespace}.`
  return { prefix, onServer: (streamId) => prefix + streamId }
}

/**
 * Translates an event of one of our streams. One that this log cannot have written is unreadable: no JSON, no metadata, a
 * type of the server's own.
 *
 * @returns `undefined` for what is no event, and for what is left of deleted links
 */
export function readEvent(message: ReadResp, { prefix }: StreamNames): LogEntry | undefined {
  const event = message.getEvent()?.getEvent()
  if (event === undefined) return undefined
  const position = { commit: BigInt(event.getCommitPosition()), prepare: BigInt(event.getPreparePosition()) }
  if (position.commit === noPosition)
    throw new EventLogError(
      'EVENT_LOG_UNAVAILABLE',
      'This EventStoreDB does not tell positions when a stream is read; version 22.6 or newer is needed.',
    )
  const name = Buffer.from(event.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8')
  const type = event.getMetadataMap().get('type') ?? ''
  const place = {
    id: event.getId()?.getString() ?? '',
    type,
    streamId: name.slice(prefix.length),
    // The end of a stream that was deleted for good has the largest that there is.
    revision: Number(event.getStreamRevision()),
    position: encodeEventStoreDbPosition(position),
    stored: {
      data: new StoredText(event.getData_asU8()),
      metadata: new StoredText(event.getCustomMetadata_asU8()),
    },
  }
  if (type === '$streamDeleted')
    return { ...place, reason: 'With it the stream was deleted from EventStoreDB for good.' }
  if (!Number.isSafeInteger(place.revision)) return { ...place, reason: 'No stream of this log can be as long.' }
  if (type.startsWith('$')) return { ...place, reason: 'Its type is one of the server’s own.' }
  const isJson = event.getMetadataMap().get('content-type') === 'application/json'
  const data = isJson ? parse(place.stored.data) : undefined
  if (!isJsonObject(data)) return { ...place, reason: 'Its data is not a JSON object.' }
  const metadata = parse(place.stored.metadata)
  if (!isJsonObject(metadata)) return { ...place, reason: 'Its metadata is not a JSON object.' }
  return { ...place, data, metadata: metadata as unknown as EventMetadata }
}

function parse(stored: StoredText): unknown {
  if (!isUtf8(stored.bytes)) return undefined
  try {
    return JSON.parse(stored.text)
  } catch {
    return undefined
  }
}

/**
 * A revision as a number.
 *
 * @throws EventLogError `EVENT_LOG_CORRUPT` above 2^53 − 1, where a number would no longer be exact
 */
export function safeRevision(revision: bigint): number {
  if (revision > BigInt(Number.MAX_SAFE_INTEGER))
    throw new EventLogError('EVENT_LOG_CORRUPT', `Revision ${revision} is larger than any stream of this log can be.`)
  return Number(revision)
}
