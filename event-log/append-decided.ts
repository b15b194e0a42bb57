import { type Appended, type EventLog, EventLogError, type ExpectedRevision, type NewEvent } from './event-log.ts'

/** What a decision rests on: a stream, as far as it is known, and its last revision. */
export type KnownStream = { readonly streamId: string; readonly revision: ExpectedRevision }

/** What {@link appendDecided} did. */
export type DecidedAppend<Known> = {
  /** What the decision that holds rests on. */
  readonly known: Known
  /** `undefined` when nothing was to be appended. */
  readonly appended: Appended | undefined
}

/**
 * Reads a stream, decides on it, and appends what was decided at the revision that the decision rests on. When somebody else
 * appended in between, it is read and decided anew: each round is lost to an append that succeeded, so however many
 * writers there are, each gets its turn.
 *
 * @param read what is known of the stream now; asked again after each round that was lost
 * @param decide what is to be appended; nothing when it is an empty list
 * @throws what `read` and `decide` throw
 * @throws EventLogError when the log cannot be used; `EVENT_LOG_WRONG_EXPECTED_REVISION` when the log says that a stream has
 *   moved on which then reads as it was
 */
export async function appendDecided<Known extends KnownStream>(
  log: Pick<EventLog, 'append'>,
  read: () => Promise<Known>,
  decide: (known: Known) => readonly NewEvent[],
): Promise<DecidedAppend<Known>> {
  for (let lost: KnownStream | undefined; ; ) {
    const known = await read()
    const events = decide(known)
    if (events.length === 0) return { known, appended: undefined }
    const { streamId, revision } = known
    try {
      return { known, appended: await log.append(streamId, events, revision) }
    } catch (error) {
      if (!isOvertaken(error) || (lost?.streamId === streamId && lost.revision === revision)) throw error
      lost = known
    }
  }
}

/** Whether an append failed because the stream had moved on. */
export function isOvertaken(error: unknown): boolean {
  return error instanceof EventLogError && error.code === 'EVENT_LOG_WRONG_EXPECTED_REVISION'
}
