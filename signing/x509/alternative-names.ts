import { type AlternativeName, alternativeNameProblem, mostAlternativeNames } from '../../domain/index.ts'
import { der } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'

/** Tags of GeneralName, each an IA5String. */
const tags = { email: 1, dns: 2, uri: 6 } as const satisfies Record<AlternativeName['kind'], number>

/**
 * Encodes alternative names as GeneralNames (RFC 5280 §4.2.1.6), in their order.
 *
 * @throws SigningError `X509_ALTERNATIVE_NAME_INVALID`
 */
export function encodeAlternativeNames(names: readonly AlternativeName[]): Uint8Array {
  if (names.length === 0 || names.length > mostAlternativeNames)
    throw invalid(`there must be 1 to ${mostAlternativeNames} of them; there are ${names.length}`)
  return der.sequence(
    ...names.map((name) => {
      const problem = alternativeNameProblem(name)
      if (problem !== undefined) throw invalid(`${JSON.stringify(name.value.slice(0, 80))} ${problem}`)
      return der.contextPrimitive(tags[name.kind], Buffer.from(name.value, 'latin1'))
    }),
  )
}

function invalid(problem: string): SigningError {
  return new SigningError('X509_ALTERNATIVE_NAME_INVALID', `Alternative names of the subject: ${problem}.`)
}
