/** Results that are kept at the most, the latest used. */
const maximumKept = 128
/** Longer input is not remembered: certificates have one to two thousand bytes. */
const maximumBytes = 8 * 1024

/**
 * The same function, which remembers what it made of which bytes. Certificates of signers, their authorities and time-stamp
 * authorities are the same from file to file, and parsing one takes a millisecond.
 *
 * @param make depends on the bytes alone, and on their content; what it makes nobody changes
 */
export function rememberByBytes<Made>(make: (bytes: Uint8Array) => Made): (bytes: Uint8Array) => Made {
  const kept = new Map<string, Made>()
  return (bytes) => {
    if (bytes.length > maximumBytes) return make(bytes)
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    const made = kept.has(key) ? (kept.get(key) as Made) : make(bytes)
    // Put back at the end: a Map keeps the order of insertion, so that the first is the one least recently used.
    kept.delete(key)
    kept.set(key, made)
    const [oldest] = kept.keys()
    if (kept.size > maximumKept && oldest !== undefined) kept.delete(oldest)
    return made
  }
}
