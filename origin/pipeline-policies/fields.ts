import type { Instant } from '../../domain/event.ts'
import { malformed, type PolicyNode, refusedAt } from './node.ts'

/** Gives the value of a key, or nothing where the key is left out. */
export type Fields = (key: string) => PolicyNode | undefined

/**
 * Reads a mapping that has no other keys than these.
 *
 * @param what its name, for the message
 * @throws Refusal `PIPELINE_POLICY_MALFORMED`, `PIPELINE_POLICY_KEY_UNKNOWN`
 */
export function readFields(node: PolicyNode, keys: readonly string[], what: string): Fields {
  if (node.kind !== 'mapping') throw malformed(node.at, `${what} must be a mapping with keys of ${listed(keys)}.`)
  for (const [key, { keyAt }] of node.entries)
    if (!keys.includes(key))
      throw refusedAt(
        'PIPELINE_POLICY_KEY_UNKNOWN',
        keyAt,
        `${what} has no key ${quoted(key)}. Possible are ${listed(keys)}.`,
      )
  return (key) => node.entries.get(key)?.value
}

/** `true` or `false`. */
export function readBoolean(node: PolicyNode, what: string): boolean {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
  throw malformed(node.at, `${what} must be true or false.`)
}

/** A whole number, not negative. */
export function readInteger(node: PolicyNode, what: string): number {
  if (node.kind === 'scalar' && Number.isSafeInteger(node.value) && Number(node.value) >= 0) return Number(node.value)
  throw malformed(node.at, `${what} must be a whole number, 0 or more.`)
}

/** Text of 1 to 500 characters. */
export function readText(node: PolicyNode, what: string): string {
  if (node.kind === 'scalar' && typeof node.value === 'string' && /^.{1,500}$/u.test(node.value)) return node.value
  throw malformed(
    node.at,
    `${what} must be text of 1 to 500 characters in one line; a number is put in quotation marks.`,
  )
}

/** One of some texts. */
export function readChoice<Choice extends string>(node: PolicyNode, choices: readonly Choice[], what: string): Choice {
  const chosen = choices.find((choice) => node.kind === 'scalar' && node.value === choice)
  if (chosen !== undefined) return chosen
  throw malformed(node.at, `${what} must be ${listed(choices)}.`)
}

/** A list of something, with one entry at least. */
export function readList<Item>(node: PolicyNode, read: (item: PolicyNode) => Item, what: string): Item[] {
  if (node.kind === 'list' && node.items.length > 0) return node.items.map(read)
  throw malformed(node.at, `${what} must be a list with one entry at least.`)
}

/** A list of texts. */
export function readTexts(node: PolicyNode, what: string): string[] {
  return readList(node, (item) => readText(item, `an entry of ${what}`), what)
}

/**
 * The version of a section: `1.0`, which is also what is meant where it is left out.
 *
 * @throws Refusal `PIPELINE_POLICY_VERSION_UNKNOWN`
 */
export function requireVersion(node: PolicyNode | undefined, what: string): void {
  if (node === undefined || (node.kind === 'scalar' && node.source === '1.0')) return
  throw refusedAt('PIPELINE_POLICY_VERSION_UNKNOWN', node.at, `${what} must have the version '1.0'.`)
}

const moment = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ]+(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?$/

/** A day or a moment (ISO 8601, as YAML writes times too); UTC where no offset is written. */
export function readMoment(node: PolicyNode, what: string): Instant {
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value.trim() : ''
  const parts = moment.exec(text)
  if (parts !== null) {
    const [, year = '', month = '', day = '', hour = '00', minute = '00', second = '00', offset = 'Z'] = parts
    const date = `${year}-${month}-${day}`
    const time = new Date(`${date}T${hour}:${minute}:${second}${isoOffset(offset)}`)
    // The 31st of February would be read as a day of March.
    if (!Number.isNaN(time.getTime()) && new Date(`${date}T00:00:00Z`).toISOString().startsWith(date))
      return time.toISOString()
  }
  throw malformed(
    node.at,
    `${what} must be CURRENT_BUILD, EARLIEST, or a moment such as 2025-01-31 or 2025-01-31T17:00:00Z.`,
  )
}

function isoOffset(offset: string): string {
  if (/^z$/i.test(offset)) return 'Z'
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0')
  return `${offset.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`
}

/** A text in messages: shortened, and in quotation marks. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}

/** Some names in a sentence. */
export function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}
