/** An answer that a server named by an entity tag (RFC 9110 §8.8.3). */
export type CachedAnswer = {
  readonly etag: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

/** Keeps answers, of which the server says with each call whether they still hold: the oldest used go first. */
export type AnswerCache = {
  readonly get: (key: string) => CachedAnswer | undefined
  readonly put: (key: string, answer: CachedAnswer) => void
}

/** The share of the cache that one answer may have. */
const largestShare = 1 / 16

/** @param maximumBytes of all answers together */
export function createAnswerCache(maximumBytes: number): AnswerCache {
  const answers = new Map<string, CachedAnswer>()
  let held = 0

  function remove(key: string): void {
    held -= answers.get(key)?.bytes.byteLength ?? 0
    answers.delete(key)
  }

  return {
    get(key) {
      const answer = answers.get(key)
      if (answer === undefined) return undefined
      answers.delete(key)
      answers.set(key, answer)
      return answer
    },
    put(key, answer) {
      remove(key)
      if (answer.bytes.byteLength > maximumBytes * largestShare) return
      answers.set(key, answer)
      held += answer.bytes.byteLength
      for (const oldest of answers.keys()) {
        if (held <= maximumBytes) break
        remove(oldest)
      }
    },
  }
}
