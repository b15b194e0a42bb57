import { repeatedJsonName } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'

/** From where to where something stands in a text, in UTF-16 code units. */
export type TextRange = { readonly start: number; readonly end: number }

/** A property of the root object: its name with its value. */
export type Member = TextRange & { readonly name: string; readonly valueStart: number }

/** A JSON document whose root is an object. */
export type JsonDocument = {
  readonly text: string
  readonly value: Readonly<Record<string, unknown>>
  /** The properties of the root, in their order. */
  readonly members: readonly Member[]
  /** Behind the brace that opens the root, and before the one that closes it. */
  readonly inside: TextRange
}

/** So many objects and arrays may lie in each other. */
const deepest = 256

/**
 * Reads a document (RFC 8259) that every reader reads in the same way, as RFC 8785 asks: UTF-8, each name once in its object, numbers that
 * are the same as IEEE 754 doubles, texts of whole characters.
 *
 * @throws SigningError `JSON_DOCUMENT_MALFORMED`, `JSON_ROOT_NOT_OBJECT`, `JSON_NAME_REPEATED`, `JSON_NUMBER_UNSUPPORTED`
 */
export function readJsonDocument(bytes: Uint8Array): JsonDocument {
  const text = decoded(bytes)
  const value = parsed(text)
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new SigningError('JSON_ROOT_NOT_OBJECT', 'A signature goes into an object, and the document is none.')
  const fault = repeatedJsonName(text, deepest)
  if (fault?.kind === 'tooDeep') throw malformed(`more than ${deepest} objects and arrays lie in each other`)
  if (fault !== undefined)
    throw new SigningError(
      'JSON_NAME_REPEATED',
      `An object has the name ${JSON.stringify(fault.name.slice(0, 60))} twice: readers take the one or the other.`,
    )
  return { text, value: value as JsonDocument['value'], ...readMembers(text) }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed('it is not UTF-8')
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text)
  } catch (error) {
    throw malformed(error instanceof Error ? error.message.slice(0, 200) : 'it cannot be read')
  }
}

/** Finds the properties of the root, and looks at each number and text on the way. */
function readMembers(text: string): Pick<JsonDocument, 'members' | 'inside'> {
  const members: Member[] = []
  let depth = 0
  let opened = 0
  let last = 0
  let member: Omit<Member, 'end'> | undefined
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"\ufeff]+/g)) {
    const end = index + token.length
    const isText = token.startsWith('"')
    if (isText) requireWholeCharacters(token)
    else if (/^[-\d]/.test(token)) requireSameNumber(token)
    const closes = token === '}' || token === ']'
    if (depth === 1 && member !== undefined && (token === ',' || closes)) {
      members.push({ ...member, end: last })
      member = undefined
    } else if (depth === 1 && member === undefined && isText)
      member = { name: JSON.parse(token) as string, start: index, valueStart: 0 }
    else if (depth === 1 && member?.valueStart === 0 && token !== ':') member = { ...member, valueStart: index }
    if (token === '{' || token === '[') {
      depth += 1
      if (depth === 1) opened = end
    } else if (closes) {
      depth -= 1
      if (depth === 0) return { members, inside: { start: opened, end: index } }
    }
    last = end
  }
  throw malformed('it does not end')
}

function requireWholeCharacters(token: string): void {
  if (token.includes('\\u') && !(JSON.parse(token) as string).isWellFormed())
    throw malformed('a text has half of a surrogate pair in it, which is no character')
}

/** A number that a reader with doubles takes for another one would be signed as that. */
function requireSameNumber(token: string): void {
  const written = String(Number(token))
  if (decimalOf(token) !== decimalOf(written))
    throw new SigningError(
      'JSON_NUMBER_UNSUPPORTED',
      `The number ${token.slice(0, 40)} cannot be kept in a double, which would make ${written} of it: write it as text.`,
    )
}

/** A decimal number in one form: digits without zeros at either end, and a power of ten. */
function decimalOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? []
  const all = whole + fraction
  const digits = all.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${sign}${significant}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length)}`
}

function malformed(what: string): SigningError {
  return new SigningError('JSON_DOCUMENT_MALFORMED', `The document is not JSON that can be signed: ${what}.`)
}
