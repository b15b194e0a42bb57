/** Stable codes of {@link OutgoingError}. */
export type OutgoingErrorCode =
  /** The text is no address that may be called, or names user and password. */
  | 'OUTGOING_URL_INVALID'
  /** A header cannot be sent, or is ours to set. */
  | 'OUTGOING_HEADER_INVALID'
  /** The host stands for an address of a network that the operator has not allowed. */
  | 'OUTGOING_ADDRESS_REFUSED'
  /** No connection came about. */
  | 'OUTGOING_UNREACHABLE'
  /** The answer did not come, or did not go on, within its time. */
  | 'OUTGOING_TIMED_OUT'
  /** The connection ended before the answer did, or what came is no answer of HTTP. */
  | 'OUTGOING_INTERRUPTED'
  /** The answer leads elsewhere more often than is followed, or to where none may be followed. */
  | 'OUTGOING_REDIRECT_REFUSED'
  /** The answer is packed, so that its bytes are others than were asked for. */
  | 'OUTGOING_ANSWER_ENCODED'
  /** The answer has more bytes than are taken. */
  | 'OUTGOING_ANSWER_TOO_LARGE'

const passing: ReadonlySet<OutgoingErrorCode> = new Set([
  'OUTGOING_UNREACHABLE',
  'OUTGOING_TIMED_OUT',
  'OUTGOING_INTERRUPTED',
])

/**
 * What goes wrong with a call to an address that somebody else chose. Neither message nor properties hold more of the
 * address than scheme, host and port, and nothing of headers.
 */
export class OutgoingError extends Error {
  readonly code: OutgoingErrorCode
  /** Whether the same call may succeed later without the caller changing anything. */
  readonly transient: boolean
  /** The code that the system, TLS or the HTTP library gave, for the operator's log; never a text of theirs. */
  readonly reason: string | undefined

  constructor(code: OutgoingErrorCode, message: string, reason?: unknown) {
    super(message)
    this.name = 'OutgoingError'
    this.code = code
    this.transient = passing.has(code)
    this.reason = reasonOf(reason)
  }
}

/** The code of an error, where it looks like one. */
function reasonOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : undefined
}
