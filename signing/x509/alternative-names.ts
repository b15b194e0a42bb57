import { parseEmailAddress, Refusal } from '../../domain/index.ts'
import { der } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'

/** Another name of a certificate's subject (RFC 5280 §4.2.1.6). */
export type AlternativeName =
  | { readonly kind: 'dns'; readonly value: string }
  | { readonly kind: 'email'; readonly value: string }
  | { readonly kind: 'uri'; readonly value: string }

/** More no authority issues, and a request stays small. */
const maximumNames = 20

/** Tags of GeneralName, each an IA5String. */
const tags = { email: 1, dns: 2, uri: 6 } as const satisfies Record<AlternativeName['kind'], number>

/**
 * Encodes alternative names as GeneralNames, in their order.
 *
 * @throws SigningError `X509_ALTERNATIVE_NAME_INVALID`
 */
export function encodeAlternativeNames(names: readonly AlternativeName[]): Uint8Array {
  if (names.length === 0 || names.length > maximumNames)
    throw invalid(`there must be 1 to ${maximumNames} of them; there are ${names.length}`)
  return der.sequence(
    ...names.map(({ kind, value }) => {
      const problem = problemOf(kind, value)
      if (problem !== undefined) throw invalid(`${JSON.stringify(value.slice(0, 80))} ${problem}`)
      return der.contextPrimitive(tags[kind], Buffer.from(value, 'latin1'))
    }),
  )
}

function problemOf(kind: AlternativeName['kind'], value: string): string | undefined {
  if (!/^[\x21-\x7e]{1,255}$/.test(value)) return 'must be 1 to 255 printable ASCII characters without white space'
  switch (kind) {
    case 'dns':
      return /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(value)
        ? undefined
        : 'is not a DNS name of labels with letters, digits and hyphens'
    case 'email':
      return isEmailAddress(value) ? undefined : 'is not an e-mail address such as name@example.org'
    case 'uri':
      return URL.canParse(value) ? undefined : 'is not an absolute URI'
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

function invalid(problem: string): SigningError {
  return new SigningError('X509_ALTERNATIVE_NAME_INVALID', `Alternative names of the subject: ${problem}.`)
}
