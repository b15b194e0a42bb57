import type { EventLog, StreamRevisions, WholeStream } from '../event-log/index.ts'

/** What a decision reads through: all of it is among its grounds. */
export type GroundsLog = Pick<EventLog, 'readStream'> & {
  /** What the decision found about changes of rules, by stream and revision: what is wrong with each, if anything. */
  readonly faultsOfChanges: Map<string, Promise<string | undefined>>
}

/** The streams that a decision rests on, and the last revision of each that it knows. */
export type Grounds = StreamRevisions

/** The last revision of each of some streams, asked of the log now. */
export type LastRevisions = EventLog['lastRevisions']

/**
 * Wraps a log for one decision: what is read through it, to its end, is among the decision's grounds, and so are the streams
 * of the process keys by which it was believed, each read once: what is added to one of them shows by {@link stillStand}.
 */
export function collectGrounds(log: Pick<EventLog, 'readStream'>): {
  readonly log: GroundsLog
  readonly grounds: Grounds
} {
  const grounds = new Map<string, WholeStream['revision']>()
  return {
    grounds,
    log: {
      faultsOfChanges: new Map(),
      async *readStream(streamId, options) {
        let revision: WholeStream['revision'] = 'noStream'
        // What was believed first rests on what the key's stream held then.
        const onKeyStreams = (ends: StreamRevisions) => {
          for (const [keyStream, end] of ends) if (!grounds.has(keyStream)) grounds.set(keyStream, end)
        }
        for await (const events of log.readStream(streamId, { ...options, onKeyStreams, decision: grounds })) {
          revision = events.at(-1)?.revision ?? revision
          yield events
        }
        // What was added between two reads of one stream, the decision has seen in one of them only.
        if (!grounds.has(streamId)) grounds.set(streamId, revision)
      },
    },
  }
}

/** Whether none of the streams has an event that the decision does not know. */
export async function stillStand(grounds: Grounds, lastRevisions: LastRevisions): Promise<boolean> {
  const last = await lastRevisions([...grounds.keys()])
  return [...grounds].every(([streamId, revision]) => last.get(streamId) === revision)
}
