/** Why a step of a request failed, as its events say it. */
export type RequestFailure = {
  /** Stable across releases. */
  readonly code: string
  /** A sentence for people, {@link longestMessage} characters at the most. */
  readonly message: string
  /** The file at fault, where one is: names from the artifact inwards, the artifact's own file name first. */
  readonly path: readonly string[] | null
}

/** In UTF-16 code units, like all lengths here. An event stays small, whatever stood in a file that a message tells of. */
const longestMessage = 4_000
/** Of a code; ours have half of it. */
const longestCode = 100
/** Of each name in a path. */
const longestName = 1_024
/** More than a plan has levels. */
const mostNames = 32

/**
 * A failure as it may stand in an event. What is too long is cut and ends with `…`: what people are told must not keep the
 * request from saying that it failed.
 */
export function recordedFailure({ code, message, path }: RequestFailure): RequestFailure {
  return {
    code: cut(code, longestCode),
    message: cut(message, longestMessage),
    path: path === null ? null : path.slice(0, mostNames).map((name) => cut(name, longestName)),
  }
}

function cut(text: string, longest: number): string {
  return (text.length <= longest ? text : `${text.slice(0, longest - 1)}…`).toWellFormed()
}
