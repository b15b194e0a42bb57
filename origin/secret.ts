/** A text that must not be seen. It shows itself only to who asks for it by name, and never in a log line, JSON or an error's text. */
export interface Secret {
  /** The text. It goes into a header or a check, and nowhere else. */
  reveal(): string
  toString(): string
  toJSON(): string
}

/** Wraps a secret, so that what prints or stores the whole of something prints or stores nothing of it. */
export function secretOf(text: string): Secret {
  return { reveal: () => text, toString: () => '[secret]', toJSON: () => '[secret]' }
}
