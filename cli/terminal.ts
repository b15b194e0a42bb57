/** One of the two ways out of a command. */
export type Output = {
  /** Whether a person reads it directly: only then colours, bars and lines that replace themselves. */
  readonly isTTY: boolean
  /** Width in characters. */
  readonly columns: number
  write(text: string): void
  /** Writes bytes as they are; waits until there is room for more. */
  writeBytes(bytes: Uint8Array): Promise<void>
}

/** What commands see of the process that they run in. Tests give another one. */
export type Terminal = {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where relative paths begin. */
  readonly workingDirectory: string
  /** Results, and nothing else. */
  readonly stdout: Output
  /** Progress, warnings and errors. */
  readonly stderr: Output
  /** Whether a person can be asked. */
  readonly canAsk: boolean
  /** Asks on stderr and waits for a line; the answer is empty when the input ends. */
  ask(question: string): Promise<string>
  /** The same, and what is typed is not shown. */
  askSecret(question: string): Promise<string>
  /** What comes on standard input, to its end; at most a few thousand characters. */
  readInput(): Promise<string>
  /**
   * Aborted when the person presses Ctrl-C, or the process is asked to end. From the first call on, the process no
   * longer ends at once by itself: who calls it must stop when the signal says so.
   */
  interruption(): AbortSignal
}
