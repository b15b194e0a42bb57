import type { EventMetadata } from '../domain/index.ts'
import type { StoredForm } from './stored-text.ts'

declare const brand: unique symbol

/**
 * A place in the whole log. Opaque, but ordered: two positions of one log compare as text (`a < b`), so callers may
 * order and store them and must not look inside. Positions of different logs do not compare.
 */
export type LogPosition = string & { readonly [brand]: 'LogPosition' }

/** What the two logs write: a row number, or commit and prepare position. Anything else would stand behind them all. */
export const logPositionForm = /^(?:[0-9]{16}|[0-9a-f]{32})$/

/** Whether a text has the form of a position: it may be none that this log has. */
export function isLogPosition(text: unknown): text is LogPosition {
  return typeof text === 'string' && logPositionForm.test(text)
}

/** An event to be appended. */
export type NewEvent = {
  /**
   * A UUID that the writer chooses, and derives from what the event is about, so that a retry brings the same one: then
   * it is written once. Read back in lower case. The nil UUID is refused.
   */
  readonly id: string
  /** Past tense, e.g. `ApprovalGranted`. Must not begin with `$`, which EventStoreDB keeps for itself. */
  readonly type: string
  /** JSON object with `schemaVersion`. */
  readonly data: object
  /** With a `schemaVersion` of its own. */
  readonly metadata: EventMetadata
}

/** An event as the log holds it. */
export type RecordedEvent = {
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly metadata: EventMetadata
  /** Data and metadata as the store has them. What an upcaster makes of an event leaves them as they are. */
  readonly stored: StoredForm
  readonly streamId: string
  /** Place in its stream, from 0 and without gaps. */
  readonly revision: number
  /** Place in the whole log. */
  readonly position: LogPosition
}

/**
 * An event that no writer of this log can have written: its data or metadata is not a JSON object in UTF-8, or its type is one of
 * the store's own. It costs its stream, which cannot be read any more, and no other.
 */
export type UnreadableEvent = Omit<RecordedEvent, 'data' | 'metadata'> & {
  /** What is wrong with it, a sentence. */
  readonly reason: string
}

/** What the writer believes of the stream: the revision of its last event, `noStream` when it must not exist. */
export type ExpectedRevision = number | 'noStream'

/**
 * An append may have so many bytes, the same in every log: data and metadata of its events as JSON in UTF-8, and the names of
 * their types, two bytes a letter. It is how EventStoreDB 23.10 counts and what it takes; its heirs take more.
 */
export const maximumAppendBytes = 1024 * 1024

/** Where streams end: their last revisions, `noStream` for those that do not exist. */
export type StreamRevisions = ReadonlyMap<string, ExpectedRevision>

/** Where an append arrived. */
export type Appended = {
  /** Revision of the last event of this append. */
  readonly revision: number
  /** Position of the last event of this append. */
  readonly position: LogPosition
}

/** How to read one stream. A stream that does not exist reads as empty. */
export type ReadStreamOptions = {
  /** `forwards` (default) or `backwards`. */
  readonly direction?: 'forwards' | 'backwards'
  /** First revision to return, inclusive, in the reading direction. Default: the start, or the end when backwards. */
  readonly fromRevision?: number
  /** At most this many events. Default: all there are when the read begins. */
  readonly maxCount?: number
  /**
   * Called before the events are given, with the streams of the process keys by whose signatures they were believed, and where
   * each of these ended. Only a log that verifies calls it. A revocation that is appended to one of them later can make the
   * same events untrusted.
   */
  readonly onKeyStreams?: (ends: StreamRevisions) => void
  /**
   * Reads with the same object belong to one decision. A log that verifies reads for them but once what they are believed by:
   * the keys of processes, and who acted. A key that is revoked after its stream was read still counts for this decision, so
   * whoever names one asks at its end whether anything was added to the key streams ({@link ReadStreamOptions.onKeyStreams}).
   * Default: each read is by itself.
   */
  readonly decision?: object
}

/** How to read the whole log, forwards. */
export type ReadAllOptions = {
  /** Read what comes after this position. Default: from the beginning. */
  readonly after?: LogPosition
  /** Read from this position on, the event there included. Not together with `after`. */
  readonly from?: LogPosition
  /** At most this many events. Default: all there are when the read begins. */
  readonly maxCount?: number
  /** Is given each event that cannot be read, in its place; without it the read fails there with `EVENT_LOG_CORRUPT`. */
  readonly onUnreadable?: (event: UnreadableEvent) => void
}

/** How to subscribe. */
export type SubscribeOptions = {
  /** Deliver what comes after this position. Default: from the beginning. */
  readonly after?: LogPosition
  /** Ends the subscription: the iteration then finishes without an error. */
  readonly signal: AbortSignal
}

/** A piece of a subscription: events in log order, and whether the subscriber has now seen everything there is. */
export type SubscriptionBatch = {
  readonly events: readonly RecordedEvent[]
  /** What cannot be read and lies between these events, before or behind them. */
  readonly unreadable: readonly UnreadableEvent[]
  /** True when, at this moment, nothing newer was in the log. Both may be empty only when this is true. */
  readonly caughtUp: boolean
}

/**
 * The audit log: append-only streams of events in one total order. The only truth of the service (law 4).
 *
 * Every method fails with {@link EventLogError}; an argument out of its range (a position that no log wrote, a negative
 * revision, a stream id that is empty or begins with `$`) with `EVENT_LOG_ARGUMENT_INVALID`.
 */
export interface EventLog {
  /**
   * Appends events to one stream, all or none, durably before it answers.
   *
   * Idempotent: when `expectedRevision` no longer matches but the events that follow it in the stream are exactly these
   * (same ids, same order), the first answer is given again. A retry keeps its expected revision: only so can every store
   * tell it from a new event.
   *
   * @throws EventLogError `EVENT_LOG_WRONG_EXPECTED_REVISION` when the stream has moved on
   * @throws EventLogError `EVENT_LOG_EVENT_INVALID` for an empty append, an id that is no UUID or occurs twice in it, a
   *   type that is empty or begins with `$`, data or metadata that is not a JSON object, or more than
   *   {@link maximumAppendBytes}
   * @throws EventLogError `EVENT_LOG_UNAVAILABLE` when the store cannot be reached; the caller may try again
   */
  append(streamId: string, events: readonly NewEvent[], expectedRevision: ExpectedRevision): Promise<Appended>

  /**
   * Reads one stream in batches, in order, and shows every revision between the first and the last that it shows, and the
   * first of the stream when it is to begin there. System streams are never returned.
   *
   * @throws EventLogError `EVENT_LOG_CORRUPT` where one is missing, hidden or unreadable: what is folded of the rest would be
   *   another state
   */
  readStream(streamId: string, options?: ReadStreamOptions): AsyncIterable<readonly RecordedEvent[]>

  /** Where streams end now, asked without more reading of them than the store needs. */
  lastRevisions(streamIds: readonly string[]): Promise<StreamRevisions>

  /** Reads the whole log in batches, in order. */
  readAll(options?: ReadAllOptions): AsyncIterable<readonly RecordedEvent[]>

  /**
   * Catches up from a position and then follows live, each event once and in order, until the signal is aborted. When
   * the store goes away it reconnects and goes on after the last event that it delivered; it ends with
   * `EVENT_LOG_UNAVAILABLE` only after a time that the implementation documents.
   */
  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionBatch>

  /** Position of the newest event, or `undefined` when the log is empty. */
  head(): Promise<LogPosition | undefined>

  /**
   * Finishes the appends that were begun, ends subscriptions (without an error) and releases connections. The log cannot
   * be used afterwards (`EVENT_LOG_CLOSED`).
   */
  close(): Promise<void>
}

/** Stable codes of {@link EventLogError}. Only `EVENT_LOG_UNAVAILABLE` may pass by itself. */
export type EventLogErrorCode =
  /** The stream has moved on; `actualRevision` says to where. */
  | 'EVENT_LOG_WRONG_EXPECTED_REVISION'
  /** An event that no log may hold. */
  | 'EVENT_LOG_EVENT_INVALID'
  /** A position, revision, count, stream id or setting that cannot be one. */
  | 'EVENT_LOG_ARGUMENT_INVALID'
  /** The store cannot be reached, is locked or has no room; the caller may try again. */
  | 'EVENT_LOG_UNAVAILABLE'
  /** The store answers, and refuses these credentials. */
  | 'EVENT_LOG_ACCESS_DENIED'
  /** What was recorded cannot be read: broken JSON, a deleted stream, a hidden or missing event, a damaged file. */
  | 'EVENT_LOG_CORRUPT'
  /** The log holds what no process of the service wrote, or no longer what one wrote. People must look at it. */
  | 'EVENT_LOG_UNTRUSTED'
  /** The file is not a Countersign event log. It was not touched. */
  | 'EVENT_LOG_NOT_A_LOG'
  /** The file is an event log of a newer release. It was not touched. */
  | 'EVENT_LOG_SCHEMA_UNKNOWN'
  /** The log is not the one that was followed before, or an older state of it. */
  | 'EVENT_LOG_REPLACED'
  /** The log was closed by its owner. */
  | 'EVENT_LOG_CLOSED'

/** What goes wrong in a log. `actualRevision` accompanies a wrong expected revision: the last one, or `noStream`. */
export class EventLogError extends Error {
  readonly code: EventLogErrorCode
  readonly actualRevision: number | 'noStream' | undefined

  constructor(
    code: EventLogErrorCode,
    message: string,
    options: { readonly actualRevision?: number | 'noStream'; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'EventLogError'
    this.code = code
    this.actualRevision = options.actualRevision
  }
}

/** The error of a read that comes upon an event that cannot be read. */
export function unreadableFailure({ type, streamId, revision, position, reason }: UnreadableEvent): EventLogError {
  return new EventLogError(
    'EVENT_LOG_CORRUPT',
    `The event ${type} at position ${position} (${streamId}, revision ${revision}) cannot be read. ${reason}`,
  )
}
