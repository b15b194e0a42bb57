/**
 * What the exit code of `countersign` says. Stable: scripts and CI jobs branch on it.
 */
export const exitCode = {
  /** Done; for `sign` and `watch`: the request is completed. */
  success: 0,
  /** A fault: the service failed inside, or an answer or a download was damaged. */
  fault: 1,
  /** The command line, a file or the configuration is wrong. Nothing was changed by the service. */
  usage: 2,
  /** The signing request failed. */
  failed: 3,
  /** The signing request was denied, by a person or because its deadline passed. */
  denied: 4,
  /** The signing request was canceled. */
  canceled: 5,
  /** The service refused what was asked; the code is on stderr. */
  refused: 6,
  /** There is no API token, or the service does not accept it. */
  unauthenticated: 7,
  /** The service cannot be reached, or says that it cannot serve now. */
  unreachable: 8,
  /** `--timeout` passed before the request came to its end. The request goes on. */
  timedOut: 9,
  /**
   * `audit replay` found events forged, changed or removed, or with `--compare` differences from the read model; `verify` found a signature
   * that is not valid, or none.
   */
  different: 10,
  /** Ended by Ctrl-C or SIGTERM. */
  interrupted: 130,
} as const

/** One of the exit codes of `countersign`. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** The exit codes as the help of the command line lists them. */
export const exitCodeHelp = `Exit codes:
  0  done (sign, watch: completed)     6  refused by the service
  1  fault in the service or answer    7  no valid API token
  2  wrong usage, file or settings     8  service unreachable
  3  signing request failed            9  --timeout passed
  4  signing request denied           10  audit replay, verify: not as it must be
  5  signing request canceled        130  interrupted`
