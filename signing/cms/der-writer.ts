/**
 * Writes DER (ITU-T X.690 §10 and §11). Every function answers with one complete element: identifier, length, content.
 */

/** One element of any tag around the concatenation of the given content. */
export function element(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of content) length += part.length
  const lengthOctets = length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : length < 0x1000000 ? 4 : 5
  const encoded = new Uint8Array(1 + lengthOctets + length)
  encoded[0] = tag
  if (lengthOctets === 1) {
    encoded[1] = length
  } else {
    encoded[1] = 0x80 | (lengthOctets - 1)
    for (let index = lengthOctets, rest = length; index > 1; index--, rest = Math.floor(rest / 256))
      encoded[index] = rest & 0xff
  }
  let at = 1 + lengthOctets
  for (const part of content) {
    encoded.set(part, at)
    at += part.length
  }
  return encoded
}

/** SEQUENCE of the given elements. */
export function sequence(...elements: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...elements)
}

/** SET OF the given elements, in the ascending order that DER asks for (X.690 §11.6). */
export function setOf(...elements: readonly Uint8Array[]): Uint8Array {
  return element(0x31, ...elements.toSorted(Buffer.compare))
}

/** A constructed element with a context-specific tag: EXPLICIT around one element, or IMPLICIT SEQUENCE/SET content. */
export function context(number: number, ...content: readonly Uint8Array[]): Uint8Array {
  return element(0xa0 | number, ...content)
}

/** A primitive element with a context-specific tag, for IMPLICIT strings. */
export function contextPrimitive(number: number, content: Uint8Array): Uint8Array {
  return element(0x80 | number, content)
}

/** OBJECT IDENTIFIER from its dotted text; every arc below 2^53. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const octets: number[] = []
  for (const arc of [first * 40 + second, ...rest]) {
    const base128 = [arc % 128]
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) base128.unshift((high % 128) | 0x80)
    octets.push(...base128)
  }
  return element(0x06, Uint8Array.from(octets))
}

/** INTEGER from a non-negative number, or from the big-endian octets of a non-negative one. */
export function integer(value: number | Uint8Array): Uint8Array {
  let octets = typeof value === 'number' ? bigEndian(value) : value
  let leading = 0
  while (leading < octets.length - 1 && octets[leading] === 0) leading++
  octets = octets.subarray(leading)
  return (octets[0] ?? 0) >= 0x80 ? element(0x02, Uint8Array.of(0), octets) : element(0x02, octets)
}

/** OCTET STRING. */
export function octetString(content: Uint8Array): Uint8Array {
  return element(0x04, content)
}

/** BIT STRING with the given number of unused bits in its last octet. */
export function bitString(unusedBits: number, content: Uint8Array): Uint8Array {
  return element(0x03, Uint8Array.of(unusedBits), content)
}

/** NULL. */
export function nullValue(): Uint8Array {
  return Uint8Array.of(0x05, 0x00)
}

/** BOOLEAN. */
export function boolean(value: boolean): Uint8Array {
  return Uint8Array.of(0x01, 0x01, value ? 0xff : 0x00)
}

/** UTF8String. */
export function utf8String(text: string): Uint8Array {
  return element(0x0c, Buffer.from(text, 'utf8'))
}

/** GeneralizedTime in UTC, to the second (RFC 5280 §4.1.2.5.2). */
export function generalizedTime(time: Date): Uint8Array {
  return element(0x18, Buffer.from(`${time.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`, 'ascii'))
}

function bigEndian(value: number): Uint8Array {
  const octets = [value % 256]
  for (let high = Math.floor(value / 256); high > 0; high = Math.floor(high / 256)) octets.unshift(high % 256)
  return Uint8Array.from(octets)
}
