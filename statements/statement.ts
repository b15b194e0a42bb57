import { z } from 'zod'
import { parseStrictly } from './read-json.ts'
import { StatementError } from './statement-error.ts'

/** The type of in-toto statements (in-toto Statement v1). */
export const statementType = 'https://in-toto.io/Statement/v1'

/** Digests of one thing by algorithm, lower-case hexadecimal (in-toto DigestSet). */
export type DigestSet = Readonly<Record<string, string>>

/** What a statement is about. */
export type Subject = {
  readonly name?: string
  readonly uri?: string
  readonly digest: DigestSet
  readonly annotations?: Readonly<Record<string, unknown>>
}

/** An in-toto statement: what somebody says of some things. */
export type Statement<Predicate = unknown> = {
  readonly _type: typeof statementType
  readonly subject: readonly Subject[]
  readonly predicateType: string
  readonly predicate: Predicate
}

const digestSet = z.record(z.string(), z.string())

/** Of what others state, what is needed here; the specification has readers leave the rest out of account. */
const statementForm = z.object({
  _type: z.literal(statementType),
  subject: z
    .array(
      z.object({
        name: z.string().optional(),
        uri: z.string().optional(),
        digest: digestSet,
        annotations: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .min(1)
    .max(1024),
  predicateType: z.string().min(1).max(500),
  predicate: z.record(z.string(), z.unknown()),
})

/**
 * Reads the payload of an envelope whose signatures were verified.
 *
 * @param predicateType what kind of statement is demanded
 * @throws StatementError `STATEMENT_PAYLOAD_MALFORMED`; `STATEMENT_PREDICATE_TYPE_UNEXPECTED` when it is of another kind
 */
export function readStatement(
  payload: Uint8Array,
  predicateType: string,
): Statement<Readonly<Record<string, unknown>>> {
  const code = 'STATEMENT_PAYLOAD_MALFORMED'
  const parsed = statementForm.safeParse(parseStrictly(payload, { what: 'The payload', code }))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new StatementError(
      code,
      `The payload is no in-toto statement (${statementType}): ${issue?.path.join('.') || 'all of it'}: ${issue?.message}.`,
    )
  }
  if (parsed.data.predicateType !== predicateType)
    throw new StatementError(
      'STATEMENT_PREDICATE_TYPE_UNEXPECTED',
      `The statement is of the type ${parsed.data.predicateType.slice(0, 200)}; one of ${predicateType} is demanded.`,
    )
  return parsed.data as Statement<Readonly<Record<string, unknown>>>
}
