import { createParser } from 'eventsource-parser'

/** One event of a stream. */
export type ServerSentEvent = { readonly event: string; readonly data: string }

/** Characters. Nothing of ours is near this size; a sender that goes beyond it is broken or hostile. */
const maximumEventLength = 16 * 1024 * 1024

/**
 * Reads a stream of server-sent events (WHATWG HTML §9.2.6). Comments, which keep the connection alive, are reported as
 * `undefined`; fields other than `event` and `data` are passed over.
 *
 * @throws RangeError when one event is longer than 16 Mi characters
 */
export async function* readServerSentEvents(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerSentEvent | undefined, void, undefined> {
  const read: (ServerSentEvent | undefined)[] = []
  let isTooLong = false
  const parser = createParser({
    maxBufferSize: maximumEventLength,
    onEvent: ({ event = 'message', data }) => read.push({ event, data }),
    onComment: () => read.push(undefined),
    onError(error) {
      isTooLong ||= error.type === 'max-buffer-size-exceeded'
    },
  })
  const decoder = new TextDecoder()
  for await (const chunk of bytes) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    yield* read.splice(0)
    if (isTooLong) throw new RangeError('An event of the stream is too long.')
  }
}
