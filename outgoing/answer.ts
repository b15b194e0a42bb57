import type { Dispatcher } from 'undici'
import { OutgoingError } from './outgoing-error.ts'

/** An answer whose head is there, while its bytes still come. */
export type OutgoingAnswer = {
  readonly status: number
  /** By names in small letters; several of one name are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  /** Where it came from at last, after redirects. */
  readonly url: URL
  /** Whether the answer says where it ends, so that one that was cut can be told from a whole one. */
  readonly saysItsEnd: boolean
  /**
   * The bytes, once, as they come. Whoever stops reading ends the connection.
   *
   * @throws OutgoingError `OUTGOING_ANSWER_ENCODED`, `OUTGOING_ANSWER_TOO_LARGE`, `OUTGOING_TIMED_OUT`,
   *   `OUTGOING_INTERRUPTED`; the reason of the caller's signal
   */
  readonly body: AsyncIterable<Uint8Array>
  /** Ends the connection without reading on. Whoever does not read the body must call it. */
  readonly discard: () => void
}

/** An answer of undici with the limits of its request. */
export function limitedAnswer(
  answer: Dispatcher.ResponseData,
  options: {
    readonly url: URL
    readonly maximumBytes: number
    /** What an error means that came while bytes were awaited. */
    readonly translate: (error: unknown) => unknown
  },
): OutgoingAnswer {
  const { body, statusCode } = answer
  const { url, maximumBytes, translate } = options
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), [value ?? ''].flat().join(', ')]),
  )
  // An error that comes while nobody reads would end the process; whoever reads gets it.
  body.on('error', () => undefined)
  const discard = () => void body.destroy()

  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      requireIdentity(headers)
      if (Number(headers['content-length'] ?? 0) > maximumBytes) throw tooLarge(maximumBytes)
      let seen = 0
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        seen += chunk.byteLength
        if (seen > maximumBytes) throw tooLarge(maximumBytes)
        yield chunk
      }
    } catch (error) {
      throw translate(error)
    } finally {
      discard()
    }
  }

  // Without a last coding `chunked` an answer ends with its connection, whatever else it names (RFC 9112 §6.3).
  const isChunked = /(^|,)\s*chunked\s*$/i.test(headers['transfer-encoding'] ?? '')
  const saysItsEnd = isChunked || 'content-length' in headers
  return { status: statusCode, headers, url, saysItsEnd, body: bytes(), discard }
}

/** Packed bytes are others than those whose digest and size are known. */
function requireIdentity(headers: Readonly<Record<string, string>>): void {
  const codings = [headers['content-encoding'], headers['transfer-encoding']]
    .flatMap((value) => (value ?? '').toLowerCase().split(','))
    .map((value) => value.trim())
  if (codings.every((coding) => ['', 'identity', 'chunked'].includes(coding))) return
  throw new OutgoingError(
    'OUTGOING_ANSWER_ENCODED',
    'The answer is packed (Content-Encoding), although it was asked for as it is. Have the server send it as it is.',
  )
}

function tooLarge(maximumBytes: number): OutgoingError {
  return new OutgoingError('OUTGOING_ANSWER_TOO_LARGE', `The answer has more than the ${maximumBytes} bytes allowed.`)
}
