/** So many hashes a session signs before others have their turn: some milliseconds with a curve, some hundred with a long RSA key. */
const hashesAtOnce = 32

/**
 * Has hashes signed in parts, some at a time; what else waits for a session has its turn between two of them. Once one failed, or
 * what follows it, none is begun.
 *
 * @param atOnce parts at a time
 * @param signed called with each part and the index of its first hash; the next part is signed meanwhile
 * @returns the signatures in the order of the hashes, when all that follows is done too; it fails no earlier either
 */
export async function inParts(
  digests: readonly Uint8Array[],
  atOnce: number,
  sign: (part: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>,
  signed: (first: number, signatures: readonly Uint8Array[]) => Promise<void> = async () => undefined,
): Promise<readonly Uint8Array[]> {
  const signatures: Uint8Array[] = []
  const following: Promise<void>[] = []
  let next = 0
  function beginNoMore(error: unknown): never {
    next = digests.length
    throw error
  }
  async function takeTurns(): Promise<void> {
    while (next < digests.length) {
      const start = next
      next += hashesAtOnce
      // Copied, so that it is those hashes that are posted, and not the pool of buffers around them.
      const part = digests.slice(start, start + hashesAtOnce).map((digest) => new Uint8Array(digest))
      const made = await sign(part).catch(beginNoMore)
      for (const [index, signature] of made.entries()) signatures[start + index] = signature
      const follows = follow(start, made)
      // It is waited for at the end; until then its failure is not an unhandled one.
      follows.catch(() => undefined)
      following.push(follows)
    }
  }
  async function follow(first: number, made: readonly Uint8Array[]): Promise<void> {
    try {
      await signed(first, made)
    } catch (error) {
      beginNoMore(error)
    }
  }
  const parts = Math.ceil(digests.length / hashesAtOnce)
  const turns = Array.from({ length: Math.min(atOnce, parts) }, takeTurns)
  // Also when one failed: whoever is answered can rely on it that the key is not used any more.
  await Promise.allSettled(turns)
  await Promise.allSettled(following)
  await Promise.all([...turns, ...following])
  return signatures
}
