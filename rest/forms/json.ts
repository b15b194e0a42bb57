import { Refusal, repeatedJsonName } from '../../domain/index.ts'
import { InvalidInput } from '../invalid-input.ts'

/** How deep objects and arrays may lie in each other. */
const deepest = 32

/**
 * Reads a JSON text (RFC 8259), in which no object may have one name twice (which of them counts, readers disagree about) and no
 * number may be larger than a double.
 *
 * @throws Refusal `REQUEST_MALFORMED`, whose message does not repeat the text: it may hold a secret; InvalidInput
 */
export function readJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refusal('REQUEST_MALFORMED', 'The body is no JSON (RFC 8259).')
  }
  refuseRepeatedNames(text)
  if (mayBeTooLarge.test(text)) refuseInfinity(value, [])
  return value
}

/**
 * An exponent of three digits, or so many digits that an exponent of two makes them larger than the largest double, which has 309:
 * nearly every text has neither.
 */
const mayBeTooLarge = /[eE]\+?0*[1-9]\d\d|\d{210}/

/**
 * A number may be written that no double is, such as 1e400. What it would be read as, infinity, JSON cannot write: it would be
 * recorded as null.
 */
function refuseInfinity(value: unknown, path: readonly string[]): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new InvalidInput({
      [path.join('.').slice(0, 200) || 'request']: [
        'has a number that is too large: its magnitude is at most 1.7976931348623157e308; send it as text',
      ],
    })
  if (typeof value !== 'object' || value === null) return
  for (const [name, each] of Object.entries(value)) refuseInfinity(each, [...path, name])
}

function refuseRepeatedNames(text: string): void {
  const fault = repeatedJsonName(text, deepest)
  if (fault?.kind === 'repeated')
    throw new InvalidInput({ [fault.name.slice(0, 100)]: ['was given twice in one object'] })
  if (fault?.kind === 'tooDeep')
    throw new Refusal('REQUEST_MALFORMED', `The body is nested deeper than ${deepest} levels.`)
}
