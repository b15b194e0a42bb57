/** So many hashes a session signs before others have their turn: some milliseconds with a curve, some hundred with a long RSA key. */
const hashesAtOnce = 32

/**
 * Has hashes signed in parts, some at a time; what else waits for a session has its turn between two of them. Once one failed, none
 * is begun.
 *
 * @param atOnce parts at a time
 * @returns the signatures in the order of the hashes
 */
export async function inParts(
  digests: readonly Uint8Array[],
  atOnce: number,
  sign: (part: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>,
): Promise<readonly Uint8Array[]> {
  const signatures: Uint8Array[] = []
  let next = 0
  async function takeTurns(): Promise<void> {
    while (next < digests.length) {
      const start = next
      next += hashesAtOnce
      try {
        // Copied, so that it is those hashes that are posted, and not the pool of buffers around them.
        const part = digests.slice(start, start + hashesAtOnce).map((digest) => new Uint8Array(digest))
        for (const [index, signature] of (await sign(part)).entries()) signatures[start + index] = signature
      } catch (error) {
        next = digests.length
        throw error
      }
    }
  }
  const parts = Math.ceil(digests.length / hashesAtOnce)
  await Promise.all(Array.from({ length: Math.min(atOnce, parts) }, takeTurns))
  return signatures
}
