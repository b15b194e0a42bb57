/** Bytes of a line without its end (JAR File Specification: "No line may be longer than 72 bytes"). */
const longestLine = 72

/**
 * An attribute as lines of at most 72 bytes. A character that is more than one byte long stays in one line, so that readers who decode
 * lines before they put them together read it as well.
 */
export function attributeLines(name: string, value: string, lineEnd: string): Buffer {
  const bytes = Buffer.from(`${name}: ${value}`)
  if (bytes.length <= longestLine) return Buffer.concat([bytes, Buffer.from(lineEnd)])
  const separator = Buffer.from(`${lineEnd} `)
  const parts: Buffer[] = []
  for (let start = 0; start < bytes.length; ) {
    // A continuation line begins with a blank.
    let end = Math.min(start + longestLine - (start === 0 ? 0 : 1), bytes.length)
    while (end < bytes.length && isContinuation(bytes[end])) end--
    if (start > 0) parts.push(separator)
    parts.push(bytes.subarray(start, end))
    start = end
  }
  return Buffer.concat([...parts, Buffer.from(lineEnd)])
}

/** Whether a byte of UTF-8 is not the first one of its character. */
function isContinuation(octet: number | undefined): boolean {
  return octet !== undefined && (octet & 0xc0) === 0x80
}
