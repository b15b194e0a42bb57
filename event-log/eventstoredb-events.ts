import type { AllStreamResolvedEvent, Position, ResolvedEvent } from '@eventstore/db-client'
import type { EventMetadata } from '../domain/index.ts'
import { positionInvalid } from './check-arguments.ts'
import { EventLogError, type LogPosition, type RecordedEvent } from './event-log.ts'
import { isJsonObject } from './serialise.ts'

/** What a read or a subscription of the client delivers. */
export type DeliveredEvent = ResolvedEvent | AllStreamResolvedEvent

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

/**
 * Translates one event; `undefined` for those that are the server's own: streams and types that begin with `$`, and what
 * is left of deleted links.
 *
 * @throws EventLogError `EVENT_LOG_CORRUPT` when somebody else has written what is no event of this log
 */
export function recordedEvent({ event }: DeliveredEvent): RecordedEvent | undefined {
  if (event === undefined || event.type.startsWith('$') || event.streamId.startsWith('$')) return undefined
  const { id, type, streamId, data, metadata } = event
  if (event.position === undefined || event.position.commit === noPosition)
    throw new EventLogError(
      'EVENT_LOG_UNAVAILABLE',
      'This EventStoreDB does not tell positions when a stream is read; version 22.6 or newer is needed.',
    )
  const position = encodeEventStoreDbPosition(event.position)
  const where = `the event at position ${position} (${streamId}, revision ${event.revision})`
  if (!event.isJson || !isJsonObject(data))
    throw new EventLogError('EVENT_LOG_CORRUPT', `The data of ${where} is not a JSON object.`)
  if (!isJsonObject(metadata) || metadata instanceof Uint8Array)
    throw new EventLogError('EVENT_LOG_CORRUPT', `The metadata of ${where} is not a JSON object.`)
  return {
    id,
    type,
    data,
    metadata: metadata as unknown as EventMetadata,
    streamId,
    revision: safeRevision(event.revision),
    position,
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
