/**
 * The name of a file as a client meant it that wrote it as an encoded word (RFC 2047 §2), as .NET does for names outside of
 * ASCII; every other name as it is. A word in an encoding that is not known stays as it is as well.
 */
export function decodeFileName(name: string): string {
  const words = [...name.matchAll(/=\?([\w-]+)\?([bq])\?([^? ]*)\?=/gi)]
  // Encoded words stand alone, or one after the other with nothing but white space between (§6.2).
  if (words.length === 0 || name.replace(/=\?[\w-]+\?[bq]\?[^? ]*\?=/gi, '').trim() !== '') return name
  try {
    return words.map(([, charset = '', encoding = '', text = '']) => decodeWord(charset, encoding, text)).join('')
  } catch {
    return name
  }
}

/** @throws when the character set is not known, or the bytes are none of its texts */
function decodeWord(charset: string, encoding: string, text: string): string {
  const bytes =
    encoding.toLowerCase() === 'b'
      ? Buffer.from(text, 'base64')
      : Buffer.from(
          text
            .replaceAll('_', ' ')
            .replace(/=([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
          'latin1',
        )
  return new TextDecoder(charset, { fatal: true }).decode(bytes)
}
