import { type output, type ZodType, z } from 'zod'
import { isCommitId } from '../../domain/commit-id.ts'
import { refusalOf } from '../http-api/index.ts'
import type { ApiAnswer } from '../http-api.ts'
import type { OriginErrorCode } from '../origin-error.ts'
import type { CheckList, Wrong } from './checks.ts'

/** What is asked of a build system, for messages. */
export type Subject = {
  /** The system, by its name for people: `AppVeyor`. */
  readonly system: string
  /** The name of the check: `build`. */
  readonly check: string
  /** What is read, as it stands in a sentence: `the build 1.0.3`. */
  readonly what: string
  /** What the account of the API key must be allowed, in the system's own words. */
  readonly permission: string
  /** The code for a 404; systems answer it for what somebody may not see, too. */
  readonly missing: OriginErrorCode
}

/**
 * Reads an answer, tolerantly: unknown fields are ignored, and a needed one that is missing is named. Adds a check that says how it
 * came out.
 *
 * @returns `undefined` when the check failed
 * @throws OriginError `ORIGIN_API_ANSWER_MALFORMED`, which passes, for what is no JSON
 */
export function readAnswer<Schema extends ZodType>(
  checks: CheckList,
  answer: ApiAnswer,
  schema: Schema,
  subject: Subject,
): output<Schema> | undefined {
  const compared = { asked: subject.what, status: answer.status }
  const refused = statusRefused(answer.status, subject)
  if (refused !== undefined) return void checks.add(subject.check, compared, refused)
  const parsed = schema.safeParse(answer.json())
  if (parsed.success) {
    checks.add(subject.check, compared)
    return parsed.data
  }
  const fields = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole answer').slice(0, 5)
  return void checks.add(
    subject.check,
    { ...compared, fields: fields.join(', ') },
    {
      code: 'ORIGIN_ANSWER_INCOMPLETE',
      message: `${subject.system} does not say what is needed of ${subject.what}: ${fields.join(', ')} is missing or of another form. ${subject.permission} may be what the account of the API key lacks; else report it.`,
    },
  )
}

/** What a status other than 200 means; `undefined` for 200. */
export function statusRefused(status: number, { system, what, permission, missing }: Subject): Wrong | undefined {
  if (status === 200) return undefined
  if (status !== 404) return refusalOf(status, { system, what }, permission)
  return {
    code: missing,
    message: `${system} has not ${what}, or does not show it to the API key of the link. Check what was submitted; the key's account needs: ${permission}.`,
  }
}

/** An id that one release writes as a number and the next as text. */
export const idText = z
  .union([z.string(), z.number().int()], 'must be an id: a text or a whole number')
  .transform(String)

/** A field that is left out or null when there is nothing to say. */
export const optional = <Of extends ZodType>(form: Of) => form.nullish().transform((value) => value ?? null)

/** An id of a system whose ids are numbers. */
export const numericId = idText.refine(
  (text) => /^\d{1,19}$/.test(text),
  'must be a number, as the build system gives it',
)

/** A commit's id, in lower case. */
export const commitText = z
  .string()
  .refine(isCommitId)
  .transform((text) => text.toLowerCase())
