/** JSON values that may accompany a refusal. Never a secret. */
export type RefusalDetails = Readonly<
  Record<
    string,
    string | number | boolean | null | readonly string[] | readonly Readonly<Record<string, string | number>>[]
  >
>

/**
 * The answer "no" to a command or an input, with a stable code. Its message says what was wrong, where, and what would
 * be right; it never holds a secret. The domain throws nothing else.
 */
export class Refusal extends Error {
  /** Upper snake case, stable across releases; listed in `docs/error-codes.md`. */
  readonly code: string
  /** Facts that a program can use, such as the expected and the given value. */
  readonly details: RefusalDetails

  constructor(code: string, message: string, details: RefusalDetails = {}) {
    super(message)
    this.name = 'Refusal'
    this.code = code
    this.details = details
  }
}
