/** One event of a stream. */
export type ServerSentEvent = { readonly event: string; readonly data: string }

/** Nothing of ours is near this size; a sender that goes beyond it is broken or hostile. */
const maximumEventLength = 16 * 1024 * 1024

/**
 * Reads a stream of server-sent events (WHATWG HTML §9.2.6). Comments, which keep the connection alive, are reported as
 * `undefined`; fields other than `event` and `data` are passed over.
 *
 * @throws RangeError when one event is longer than 16 MiB
 */
export async function* readServerSentEvents(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerSentEvent | undefined, void, undefined> {
  let event = ''
  let data: string[] = []
  let length = 0
  for await (const line of linesOf(bytes)) {
    length += line.length
    if (length > maximumEventLength) throw new RangeError('An event of the stream is too long.')
    if (line === '') {
      if (data.length > 0 || event !== '') yield { event: event || 'message', data: data.join('\n') }
      event = ''
      data = []
      length = 0
    } else if (line.startsWith(':')) {
      // A comment is no part of the event that it stands in; what came of the event before still counts.
      length -= line.length
      yield undefined
    } else {
      const [, name, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
      if (name === 'event') event = value
      if (name === 'data') data.push(value)
    }
  }
}

/** Lines end with CR LF, LF or CR; what follows the last end is no line. A byte order mark at the start is dropped. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true })
    if (rest.length > maximumEventLength) throw new RangeError('A line of the stream is too long.')
    // A CR at the very end may be the first half of CR LF: it waits for what comes.
    for (let end = rest.search(/\r\n|\n|\r(?!$)/); end >= 0; end = rest.search(/\r\n|\n|\r(?!$)/)) {
      yield rest.slice(0, end)
      rest = rest.slice(end + (rest.startsWith('\r\n', end) ? 2 : 1))
    }
  }
  if (rest.endsWith('\r')) yield rest.slice(0, -1)
}
