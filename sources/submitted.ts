import { z } from 'zod'
import { Refusal, type Sha256Digest, type Source } from '../domain/index.ts'
import type { UncheckedSource } from './source-kind.ts'

/**
 * Reads what a caller submits in the form that its kind asks for.
 *
 * @throws Refusal `SOURCE_MALFORMED`
 */
export function read<Form extends z.ZodType>(form: Form, submitted: UncheckedSource): z.output<Form> {
  const parsed = form.safeParse(submitted)
  if (parsed.success) return parsed.data
  throw malformed(submitted.kind, parsed.error)
}

/**
 * File name and digest of a source that cannot be without.
 *
 * @throws Refusal `SOURCE_MALFORMED`
 */
export function promised({ kind, fileName, sha256 }: Source): {
  readonly fileName: string
  readonly sha256: Sha256Digest
} {
  if (fileName !== null && sha256 !== null) return { fileName, sha256 }
  throw new Refusal('SOURCE_MALFORMED', `A source of the kind ${kind} names its file and its SHA-256.`)
}

/** The refusal of a source that is not of the form of its kind. */
export function malformed(kind: string, error: z.ZodError): Refusal {
  return new Refusal(
    'SOURCE_MALFORMED',
    `The source is not of the form of its kind, ${kind}: ${z.prettifyError(error)}`,
  )
}
