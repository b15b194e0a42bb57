import { AsnConvert } from '@peculiar/asn1-schema'
import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509'
import type { CertificateSubject } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'

/** In the order from the general to the particular in which names are encoded; upper bounds of RFC 5280 appendix A. */
const attributes = [
  { field: 'country', type: '2.5.4.6', longest: 2 },
  { field: 'state', type: '2.5.4.8', longest: 128 },
  { field: 'locality', type: '2.5.4.7', longest: 128 },
  { field: 'organization', type: '2.5.4.10', longest: 64 },
  { field: 'organizationalUnit', type: '2.5.4.11', longest: 64 },
  { field: 'commonName', type: '2.5.4.3', longest: 64 },
] as const satisfies readonly { field: keyof CertificateSubject; type: string; longest: number }[]

/**
 * The distinguished name of a subject. Text is UTF-8, the country a PrintableString, as RFC 5280 wants it.
 *
 * @throws SigningError `X509_SUBJECT_INVALID`
 */
export function distinguishedName(subject: CertificateSubject): Name {
  const name = new Name()
  for (const { field, type, longest } of attributes) {
    const text = subject[field]
    if (text === undefined) continue
    refuseUnfitting(field, text, longest)
    const value = new AttributeValue(field === 'country' ? { printableString: text } : { utf8String: text })
    name.push(new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value })]))
  }
  return name
}

/**
 * The common name in an encoded distinguished name, the most particular one where there are several.
 *
 * @param encoded DER
 */
export function commonNameOf(encoded: Uint8Array): string | undefined {
  const attributes = [...AsnConvert.parse(encoded, Name)].flatMap((each) => [...each])
  return attributes.findLast(({ type }) => type === '2.5.4.3')?.value.toString()
}

function refuseUnfitting(field: keyof CertificateSubject, text: string, longest: number): void {
  const characters = [...text].length
  const problem =
    field === 'country' && !/^[A-Z]{2}$/.test(text)
      ? 'must be two capital letters (ISO 3166-1 alpha-2)'
      : characters === 0 || characters > longest
        ? `must have 1 to ${longest} characters; it has ${characters}`
        : text.trim() !== text
          ? 'must not begin or end with white space'
          : /\p{Cc}|\p{Cs}/u.test(text)
            ? 'must not contain control characters or unpaired surrogates'
            : undefined
  if (problem !== undefined) throw new SigningError('X509_SUBJECT_INVALID', `The subject's ${field} ${problem}.`)
}

/** The names of RFC 4514 §3, and those that certificates for code signing carry besides. */
const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.15': 'businessCategory',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
}

/** A distinguished name as text (RFC 4514 §2): the particular first, `CN=Acme Code Signing,O=Acme,C=DE`. */
export function distinguishedNameText(name: Name): string {
  return [...name]
    .reverse()
    .map((relative) => [...relative].map(attributeText).join('+'))
    .join(',')
}

/** An encoded Name as text, as {@link distinguishedNameText} writes it; `undefined` when it cannot be read. */
export function encodedNameText(encoded: Uint8Array): string | undefined {
  try {
    return distinguishedNameText(AsnConvert.parse(encoded, Name))
  } catch {
    return undefined
  }
}

function attributeText({ type, value }: AttributeTypeAndValue): string {
  const name = shortNames[type] ?? type
  if (value.anyValue !== undefined) return `${name}=#${Buffer.from(value.anyValue).toString('hex')}`
  return `${name}=${escaped(value.toString())}`
}

/** RFC 4514 §2.4. Control characters are escaped too: the text is shown to people and written to logs. */
function escaped(text: string): string {
  return text
    .replace(/[\\",+;<>]/g, '\\$&')
    .replace(/\p{Cc}/gu, (character) => Buffer.from(character).toString('hex').replace(/../g, '\\$&'))
    .replace(/^[ #]/, '\\$&')
    .replace(/(?<!\\) $/, '\\ ')
}
