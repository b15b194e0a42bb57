import { repeatedJsonName } from '../domain/index.ts'
import { StatementError } from './statement-error.ts'

/** So many bytes an envelope or bundle may have that is read. */
const largestText = 4 * 1024 * 1024

/** How deep objects and arrays may lie in each other. */
const deepest = 32

/**
 * Reads JSON that somebody signed, or is to be verified: UTF-8 without a byte order mark, no name twice in one object, since
 * readers disagree about which of them counts.
 *
 * @param what how messages call it
 * @throws StatementError with the given code
 */
export function parseStrictly(
  text: string | Uint8Array,
  { what, code }: { readonly what: string; readonly code: string },
): unknown {
  const size = typeof text === 'string' ? Buffer.byteLength(text) : text.length
  if (size > largestText) throw new StatementError(code, `${what} has ${size} bytes; at most ${largestText} are read.`)
  let value: unknown
  let decoded: string
  try {
    decoded = typeof text === 'string' ? text : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text)
    value = JSON.parse(decoded)
  } catch (error) {
    throw new StatementError(code, `${what} is no JSON (RFC 8259) in UTF-8.`, { cause: error })
  }
  const fault = repeatedJsonName(decoded, deepest)
  if (fault?.kind === 'repeated')
    throw new StatementError(
      code,
      `${what} has the name ${JSON.stringify(fault.name.slice(0, 100))} twice in one object.`,
    )
  if (fault?.kind === 'tooDeep') throw new StatementError(code, `${what} is nested deeper than ${deepest} levels.`)
  return value
}
