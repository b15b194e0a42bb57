/** Stable codes of {@link ReadModelError}. */
export type ReadModelErrorCode =
  /** The read model did not reach a position in time. */
  | 'READ_MODEL_BEHIND'
  /** There is no read model of this release yet: a projector must build it. */
  | 'READ_MODEL_NOT_READY'
  /** It holds events that the log does not: the log lags, or was replaced. */
  | 'READ_MODEL_AHEAD'
  /** The file is not a read model. */
  | 'READ_MODEL_FOREIGN'
  /** The database cannot be reached, or failed. */
  | 'READ_MODEL_UNAVAILABLE'
  | 'READ_MODEL_CLOSED'
  /** A build did not say for too long that it is at work, and another process took it over. */
  | 'REBUILD_SUPERSEDED'
  /** The log holds a stream of a kind that this release does not know. */
  | 'PROJECTION_STREAM_UNKNOWN'
  /** The log holds an event of a type that this release does not know, or in a stream where it does not belong. */
  | 'PROJECTION_EVENT_UNKNOWN'
  /** The log holds an event in a schema version that this release does not know. */
  | 'PROJECTION_SCHEMA_VERSION_UNKNOWN'
  /** A stream's revisions do not follow on each other, or its first event does not begin an entity. */
  | 'PROJECTION_HISTORY_BROKEN'

/** What goes wrong in the read model. The codes that begin with `PROJECTION_` stop the projector until it is replaced. */
export class ReadModelError extends Error {
  readonly code: ReadModelErrorCode
  /** Where it was: positions, streams, types. */
  readonly details: Readonly<Record<string, string | number | null>>

  constructor(
    code: ReadModelErrorCode,
    message: string,
    options: { readonly details?: Readonly<Record<string, string | number | null>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ReadModelError'
    this.code = code
    this.details = options.details ?? {}
  }
}
