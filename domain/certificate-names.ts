import { parseEmailAddress } from './email-address.ts'
import { Refusal } from './refusal.ts'
import { parseName } from './text.ts'

/** The subject of a certificate, as distinguished name attributes (X.520). */
export type CertificateSubject = {
  readonly commonName: string
  readonly organization?: string
  readonly organizationalUnit?: string
  readonly locality?: string
  readonly state?: string
  /** ISO 3166-1 alpha-2, such as `DE`. */
  readonly country?: string
}

/** Another name of a certificate's subject (RFC 5280 §4.2.1.6). */
export type AlternativeName = {
  readonly kind: 'dns' | 'email' | 'uri'
  readonly value: string
}

/** More alternative names no authority issues. */
export const mostAlternativeNames = 20

/** Upper bounds of RFC 5280 appendix A, in characters. */
const longest = { commonName: 64, organization: 64, organizationalUnit: 64, locality: 128, state: 128 } as const

/**
 * Reads the subject of a certificate.
 *
 * @throws Refusal `NAME_MALFORMED`
 */
export function parseSubject(subject: CertificateSubject): CertificateSubject {
  const { country } = subject
  if (country !== undefined && !/^[A-Z]{2}$/.test(country))
    throw new Refusal('NAME_MALFORMED', "The subject's country must be two upper-case letters (ISO 3166-1).")
  const read = (field: keyof typeof longest) => {
    const text = subject[field]
    if (text === undefined) return {}
    const name = parseName(text, `The subject's ${field}`)
    if ([...name].length > longest[field])
      throw new Refusal(
        'NAME_MALFORMED',
        `The subject's ${field} must not be longer than ${longest[field]} characters (X.520).`,
      )
    return { [field]: name }
  }
  return {
    commonName: subject.commonName,
    ...read('commonName'),
    ...read('organization'),
    ...read('organizationalUnit'),
    ...read('locality'),
    ...read('state'),
    ...(country === undefined ? {} : { country }),
  }
}

/**
 * Reads alternative names of a certificate's subject.
 *
 * @throws Refusal `ALTERNATIVE_NAME_MALFORMED`
 */
export function parseAlternativeNames(names: readonly AlternativeName[]): readonly AlternativeName[] {
  if (names.length > mostAlternativeNames)
    throw new Refusal(
      'ALTERNATIVE_NAME_MALFORMED',
      `A certificate has at most ${mostAlternativeNames} alternative names; got ${names.length}.`,
    )
  for (const name of names) {
    const problem = alternativeNameProblem(name)
    if (problem !== undefined)
      throw new Refusal(
        'ALTERNATIVE_NAME_MALFORMED',
        `The alternative name ${JSON.stringify(name.value.slice(0, 80))} ${problem}.`,
      )
  }
  return names.map(({ kind, value }) => ({ kind, value }))
}

/** What keeps an alternative name from a certificate, for a message; `undefined` when nothing does. */
export function alternativeNameProblem({ kind, value }: AlternativeName): string | undefined {
  if (!/^[\x21-\x7e]{1,255}$/.test(value)) return 'must be 1 to 255 printable ASCII characters without white space'
  switch (kind) {
    case 'dns':
      return /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(value)
        ? undefined
        : 'is not a DNS name of labels with letters, digits and hyphens'
    case 'email':
      return isEmailAddress(value) ? undefined : 'is not an e-mail address such as name@example.org'
    case 'uri':
      return /^[a-z][a-z0-9+.-]*:[^\s]+$/i.test(value) ? undefined : 'is not an absolute URI'
  }
}

function isEmailAddress(text: string): boolean {
  try {
    parseEmailAddress(text)
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}
