import type { GraphQLContext } from './context.ts'

/** A value, or what ended the values. */
export type Outcome<Value> = { readonly value: Value } | { readonly error: unknown }

/**
 * What a subscription field needs of an iteration:
 *
 * - It ends at once when the consumer goes away: `return` aborts the signal that the source was given. A plain async
 *   generator would first wait for its next value, perhaps for days.
 * - An error is its last item, so that every transport delivers it to the client as the error of a last result, instead
 *   of breaking the connection. {@link unwrap} throws it again.
 *
 * @param source begins to iterate; it must finish soon after its signal is aborted
 * @param context whose call waits, which may be one too many; when the service stops, the iteration ends without an error
 */
export function stream<Value>(
  source: (signal: AbortSignal) => AsyncIterable<Value>,
  { stopping, waitingCalls, caller }: Pick<GraphQLContext, 'stopping' | 'waitingCalls' | 'caller'>,
): AsyncGenerator<Outcome<Value>, void> {
  const left = new AbortController()
  async function* counted(): AsyncGenerator<Value, void> {
    const waitsNoMore = waitingCalls.enter(caller)
    try {
      yield* source(AbortSignal.any([left.signal, stopping]))
    } finally {
      waitsNoMore()
    }
  }
  const outcomes = withLastError(counted())
  const leave = () => {
    left.abort()
    return outcomes.return()
  }
  return {
    next: () => outcomes.next(),
    return: leave,
    throw: async (error) => {
      await leave()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
    async [Symbol.asyncDispose]() {
      await leave()
    },
  }
}

/** The value; throws what ended the values. */
export function unwrap<Value>(outcome: Outcome<Value>): Value {
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

async function* withLastError<Value>(values: AsyncIterable<Value>): AsyncGenerator<Outcome<Value>, void> {
  try {
    for await (const value of values) yield { value }
  } catch (error) {
    yield { error }
  }
}
