import { Refusal } from './refusal.ts'
import { isPlainLine } from './text.ts'

/** The most bytes (UTF-8) of an address, of what is before its `@`, and of each label of its domain (RFC 5321 §4.5.3.1, RFC 1035). */
const longest = { address: 254, local: 64, label: 63 }

/** An unquoted local part (RFC 5321 §4.1.2, `Dot-string`), letters of every script among it (RFC 6531). */
const localPattern = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u
/** A label of a domain, letters of every script among it. */
const labelPattern = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}-]*$/u

/**
 * Reads an e-mail address: one mailbox, without a display name, a comment, quotes or an address of a host. Kept in
 * Normalization Form C (RFC 6531 §3.1), else as it was sent: mail goes to what is kept, and {@link mailboxOf} says which
 * addresses are the same.
 *
 * @throws Refusal `EMAIL_MALFORMED`, whose message does not repeat the text: refusals are recorded
 */
export function parseEmailAddress(text: string): string {
  // Longer ones are not even looked at.
  const address = text.length > longest.address ? '' : text.normalize('NFC')
  const at = address.indexOf('@')
  const local = address.slice(0, Math.max(at, 0))
  const labels = address.slice(at + 1).split('.')
  const isMailbox =
    at > 0 &&
    isPlainLine(address) &&
    bytes(address) <= longest.address &&
    bytes(local) <= longest.local &&
    localPattern.test(local) &&
    labels.every((label) => bytes(label) <= longest.label && labelPattern.test(label) && !label.endsWith('-')) &&
    asciiDomain(labels.join('.')) !== undefined
  if (isMailbox) return address
  throw new Refusal(
    'EMAIL_MALFORMED',
    `The e-mail address must look like name@example.org, with at most ${longest.local} bytes before the @ and ${longest.address} in all; this one, of ${text.length} characters, does not.`,
  )
}

/**
 * The one form of an address, by which two are compared and which nobody writes to: without regard to case, to letters that
 * fold alike (`ſ` and `s`, dotless and dotted `i`, full width and half width), and to how the domain is written (UTS #46).
 *
 * @param address as {@link parseEmailAddress} gave it
 */
export function mailboxOf(address: string): string {
  const at = address.indexOf('@')
  return `${folded(address.slice(0, at))}@${asciiDomain(address.slice(at + 1))}`
}

/** Case is folded through upper case, where letters meet that lower case keeps apart. */
function folded(text: string): string {
  return text
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll('i\u0307', 'i')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC')
}

/** A domain as the DNS has it (RFC 5890, `xn--`), in lower case; `undefined` when it is none. */
function asciiDomain(domain: string): string | undefined {
  const url = `http://${domain}`
  if (!URL.canParse(url)) return undefined
  const { hostname } = new URL(url)
  // Whose last label is a number is the address of a host, however it is written (WHATWG URL, ends in a number).
  return hostname.length <= 253 && /^[a-z0-9.-]+$/.test(hostname) && !/(^|\.)\d+$/.test(hostname) ? hostname : undefined
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length
}
