/**
 * Text from the service, fit for a terminal on one line: control characters (C0, C1, escape sequences) and characters
 * that reorder text or cannot be seen (Unicode Bidi_Control and other format characters, line separators) are shown as
 * escapes. Whoever submits a file chooses its name and description, and must not choose what an approver sees.
 */
export function safeText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}
