/**
 * An iteration that ends at once when its consumer goes away: `return` aborts the signal that the source was given. A
 * plain async generator would first wait for its next value, perhaps for days.
 *
 * @param source begins to iterate; it must finish soon after its signal is aborted
 * @param stopping ends the iteration too, without an error
 */
export function abortable<Value>(
  source: (signal: AbortSignal) => AsyncGenerator<Value, void>,
  stopping: AbortSignal,
): AsyncGenerator<Value, void> {
  const left = new AbortController()
  const values = source(AbortSignal.any([left.signal, stopping]))
  return {
    next: () => values.next(),
    return: async () => {
      left.abort()
      return values.return()
    },
    throw: async (error) => {
      left.abort()
      return values.throw(error)
    },
    [Symbol.asyncIterator]() {
      return this
    },
    async [Symbol.asyncDispose]() {
      left.abort()
      await values.return()
    },
  }
}
