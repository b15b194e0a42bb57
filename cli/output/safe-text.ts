/**
 * What a terminal acts on, or does not show as what it is: control characters (C0, C1, escape sequences), characters that
 * reorder text (Unicode Standard Annex #9) or are displayed as nothing (`Default_Ignorable_Code_Point`, the empty Braille
 * pattern), separators of lines, spaces other than U+0020, characters for private use, half characters.
 */
const unseen =
  /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Noncharacter_Code_Point}\u2800]|(?! )\p{Zs}/gu

/** Anything but line feeds and the printable characters of ASCII: nearly all output has none, and need not be gone through. */
const doubtful = /[^\n\x20-\x7e]/

/**
 * Text from the service, fit for a terminal on one line: what a terminal acts on or does not show is there as escapes.
 * Whoever submits a file chooses its name and description, and must not choose what an approver sees.
 */
export function safeText(text: string): string {
  if (!doubtful.test(text) && !text.includes('\n')) return text
  return text.replace(unseen, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}

/**
 * Everything that a command prints as its result, with our own line ends and colours and nothing else that a terminal
 * would act on. It is applied to all output, in case a text of the service was printed without {@link safeText}.
 */
export function safeOutput(text: string): string {
  if (!doubtful.test(text)) return text
  return text
    .split(/(\n|\p{Cc}\[\d{1,2}m)/u)
    .map((part, at) => (at % 2 === 1 && (part === '\n' || part.startsWith('\u001b')) ? part : safeText(part)))
    .join('')
}

/**
 * JSON of a value, in which what a terminal would act on or not show is escaped, beyond the characters that JSON itself
 * demands: a reader gets the same strings, and who looks at it sees what is there.
 *
 * @param indent spaces for each level; on one line without
 */
export function safeJson(value: unknown, indent?: number): string {
  return safeJsonText(JSON.stringify(value, null, indent) ?? 'null')
}

/** Does the same for the JSON of a value. */
export function safeJsonText(text: string): string {
  if (!doubtful.test(text)) return text
  return text.replace(unseen, (character) =>
    // Line feeds are between the tokens: inside of strings they are escaped already.
    character === '\n'
      ? character
      : [...Array(character.length).keys()].map((at) => escaped(character.charCodeAt(at))).join(''),
  )
}

function escaped(codeUnit: number): string {
  return `\\u${codeUnit.toString(16).padStart(4, '0')}`
}
