/** What can keep the embedded start from its end. */
export type EmbeddedStartErrorCode =
  /** There is no `temporal` binary; the message says how to get one. */
  | 'TEMPORAL_CLI_NOT_FOUND'
  /** The server ended, or did not answer in time; the message ends with its last lines of output. */
  | 'TEMPORAL_START_FAILED'
  /** Something else listens on the port that was asked for. */
  | 'PORT_IN_USE'
  /** Another process runs a Temporal server on this data directory. */
  | 'DATA_DIRECTORY_IN_USE'
  /** The first start's own signing request did not complete. */
  | 'SELF_CHECK_FAILED'

/** Thrown by the parts of the embedded start. The message says what was wrong and what would be right. */
export class EmbeddedStartError extends Error {
  override readonly name = 'EmbeddedStartError'
  readonly code: EmbeddedStartErrorCode

  constructor(code: EmbeddedStartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
