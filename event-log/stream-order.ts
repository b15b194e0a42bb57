import { EventLogError, type ReadStreamOptions } from './event-log.ts'

/** Revisions of a stream that a read did not show, though they must be there. */
export type MissingRevisions = {
  readonly first: number
  /** `undefined`: all that there may be. */
  readonly last: number | undefined
}

/** Watches one read of a stream for what is missing in it. */
export type StreamOrder = {
  /** The next event that the read shows. @returns what is missing before it, in the direction of the read */
  next(revision: number): MissingRevisions | undefined
  /** The read is at its end. @returns what is missing there */
  end(): MissingRevisions | undefined
}

/**
 * A stream has every revision from 0 to its last, and a read must show them: whoever folds less comes to another state.
 * That its end is missing cannot be seen in a stream.
 */
export function watchOrder({
  direction,
  fromRevision,
  maxCount = Number.MAX_SAFE_INTEGER,
}: ReadStreamOptions): StreamOrder {
  let seen = 0
  if (direction === 'backwards') {
    let previous: number | undefined
    return {
      next(revision) {
        const expected = previous === undefined ? revision : previous - 1
        seen += 1
        previous = revision
        return revision < expected ? { first: revision + 1, last: expected } : undefined
      },
      end: () =>
        previous !== undefined && previous > 0 && seen < maxCount ? { first: 0, last: previous - 1 } : undefined,
    }
  }
  let expected = fromRevision ?? 0
  return {
    next(revision) {
      const missing = revision > expected ? { first: expected, last: revision - 1 } : undefined
      expected = revision + 1
      return missing
    },
    end: () => undefined,
  }
}

/** The error for what is missing. @param why what is known of it, a sentence */
export function missingFailure(streamId: string, { first, last }: MissingRevisions, why: string): EventLogError {
  const range = last === undefined ? 'events' : first === last ? `revision ${first}` : `revisions ${first} to ${last}`
  return new EventLogError(
    'EVENT_LOG_CORRUPT',
    `The stream ${streamId} does not show its ${range}. ${why} Nothing is decided on it until that is mended.`,
  )
}
