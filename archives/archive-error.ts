import { SigningError } from '../signing/signing-error.ts'

/**
 * What is wrong with an archive. Codes are `ARCHIVE_…`; the message names the entry at fault. It is a {@link SigningError} because
 * formats whose files are archives, such as JAR, fail with it as they do with errors of their own.
 */
export class ArchiveError extends SigningError {
  /** Name of the entry at fault, as the archive has it; `null` where the archive as a whole is at fault. */
  readonly entry: string | null

  constructor(
    code: string,
    message: string,
    options: { readonly entry?: string | null; readonly cause?: unknown } = {},
  ) {
    super(code, message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'ArchiveError'
    this.entry = options.entry ?? null
  }
}

/** An error of one entry: the message is a sentence that begins with the entry's name, such as `is encrypted.` */
export function entryError(code: string, entry: string, sentence: string, cause?: unknown): ArchiveError {
  return new ArchiveError(code, `The entry «${shown(entry)}» of the archive ${sentence}`, { entry, cause })
}

/** A name as a message shows it: at most 200 characters, control characters escaped. */
export function shown(name: string): string {
  const start = name.length > 200 ? `${name.slice(0, 200)}…` : name
  return start.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
