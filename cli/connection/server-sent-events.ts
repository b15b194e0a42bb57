import { createParser } from 'eventsource-parser'

/** One event of a stream. */
export type ServerSentEvent = { readonly event: string; readonly data: string }

/** Characters. Nothing of ours is near this size; a sender that goes beyond it is broken or hostile. */
const maximumEventLength = 16 * 1024 * 1024

/**
 * Reads a stream of server-sent events (WHATWG HTML §9.2.6). Comments, which keep the connection alive, are reported as
 * `undefined`; fields other than `event` and `data` are passed over.
 *
 * @throws RangeError when 16 Mi characters come without the end of an event
 */
export async function* readServerSentEvents(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerSentEvent | undefined, void, undefined> {
  const read: (ServerSentEvent | undefined)[] = []
  /** Characters since the last event; the parser passes over lines that are none of its fields, however long they are. */
  let length = 0
  const parser = createParser({
    onEvent({ event = 'message', data }) {
      length = 0
      read.push({ event, data })
    },
    onComment: () => read.push(undefined),
  })
  const decoder = new TextDecoder()
  for await (const chunk of bytes) {
    const text = decoder.decode(chunk, { stream: true })
    length += text.length
    parser.feed(text)
    yield* read.splice(0)
    if (length > maximumEventLength) throw new RangeError('An event of the stream is too long.')
  }
}
