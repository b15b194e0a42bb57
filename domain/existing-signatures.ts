import { Refusal } from './refusal.ts'

/**
 * What is done with a file that is signed already.
 * - `replace`: its signatures are removed, and only the new one remains.
 * - `append`: they are kept byte for byte, and the new one is added to them.
 * - `refuse`: the request fails; a file that carries no signature is signed.
 */
export type ExistingSignatureTreatment = (typeof existingSignatureTreatments)[number]

/** Every treatment of files that are signed already. */
export const existingSignatureTreatments = ['replace', 'append', 'refuse'] as const

/**
 * Checks what a signing policy allows: one treatment or more, each once. The first is what happens to a submission that
 * does not choose.
 *
 * @throws Refusal `EXISTING_SIGNATURES_INVALID`
 */
export function checkTreatments(allowed: readonly ExistingSignatureTreatment[]): void {
  const known: readonly string[] = existingSignatureTreatments
  if (
    allowed.length === 0 ||
    new Set(allowed).size !== allowed.length ||
    !allowed.every((each) => known.includes(each))
  )
    throw new Refusal(
      'EXISTING_SIGNATURES_INVALID',
      `A signing policy allows one or more of ${known.join(', ')} for files that are signed already, each once.`,
    )
}

/**
 * The treatment that a submission gets: the one it asks for, or the policy's first when it does not ask (`null`).
 *
 * @throws Refusal `EXISTING_SIGNATURES_NOT_ALLOWED`
 */
export function chosenTreatment(
  allowed: readonly ExistingSignatureTreatment[],
  asked: ExistingSignatureTreatment | null,
): ExistingSignatureTreatment {
  const chosen = asked ?? allowed[0]
  if (chosen === undefined || !allowed.includes(chosen))
    throw new Refusal(
      'EXISTING_SIGNATURES_NOT_ALLOWED',
      `The signing policy does not allow "${chosen}" for files that are signed already; it allows: ${allowed.join(', ')}.`,
      { allowed },
    )
  return chosen
}
