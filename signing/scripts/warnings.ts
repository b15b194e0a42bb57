import { type TextEncoding, unitSize } from './text-encoding.ts'

/**
 * What people should know of a script before they have it signed. Its bytes are signed as they are, whatever is said here.
 *
 * @param content the script without its signature
 */
export function warningsOf(content: Buffer, { charset, markSize }: TextEncoding): readonly string[] {
  const warnings: string[] = []
  const unixLines = countUnixLines(content, charset === 'utf-16be' ? 1 : 0, unitSize(charset))
  if (unixLines > 0)
    warnings.push(
      `${unixLines} lines end in LF alone. They are signed as they are; whatever makes CRLF of them, such as a checkout, breaks the signature.`,
    )
  if (markSize === 0 && content.some((octet) => octet >= 0x80))
    warnings.push(
      `It has characters beyond ASCII and no byte order mark. It is signed as ${charset === 'utf-8' ? 'UTF-8' : 'Windows-1252'}, and the signature holds only where Windows reads it so; a byte order mark makes it hold everywhere.`,
    )
  return warnings
}

/** @param low where in a unit its low octet is */
function countUnixLines(content: Buffer, low: number, unit: 1 | 2): number {
  let count = 0
  for (let at = content.indexOf(0x0a); at !== -1; at = content.indexOf(0x0a, at + 1)) {
    if (unit === 2 && (at % 2 !== low || content[at ^ 1] !== 0)) continue
    if (content[at - unit] !== 0x0d || (unit === 2 && content[(at ^ 1) - unit] !== 0)) count++
  }
  return count
}
