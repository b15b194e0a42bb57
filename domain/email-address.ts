import { Refusal } from './refusal.ts'
import { isPlainLine } from './text.ts'

/** An unquoted local part and a domain of labels (RFC 5321 §4.1.2), letters of every script among them (RFC 6531). */
const addressPattern =
  /^(?=.{1,64}@)[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*@[\p{L}\p{N}]([\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?)*$/u

/**
 * Reads an e-mail address, without a display name: 254 characters at the most (RFC 5321 §4.5.3.1). Kept in
 * Normalization Form C (RFC 6531 §3.1), else as it was sent.
 *
 * @throws Refusal `EMAIL_MALFORMED`, whose message does not repeat the text: refusals are recorded
 */
export function parseEmailAddress(text: string): string {
  const address = text.normalize('NFC')
  if (address.length > 254 || !isPlainLine(address) || !addressPattern.test(address))
    throw new Refusal(
      'EMAIL_MALFORMED',
      `The e-mail address must look like name@example.org and have no more than 254 characters; this one, of ${text.length} characters, does not.`,
    )
  return address
}
