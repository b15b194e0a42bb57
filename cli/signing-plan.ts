import { createHash } from 'node:crypto'
import { CliError } from './cli-error.ts'
import type { Connection } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import { planOfRequest } from './documents/requests.ts'
import { exitCode } from './exit-code.ts'
import { requestNotFound } from './following/follow-request.ts'

/** A signature that a file has already, and what becomes of it; names are as it states them. */
export type ExistingSignature = {
  readonly outcome: 'kept' | 'replaced'
  /** Where it stands, as its format calls it. */
  readonly place: string
  /** 0 when it stands by itself; 1 when it is inside of the one before it that has the depth 0; and so on. */
  readonly depth: number
  /** Over what its format takes for the signature itself, hexadecimal. */
  readonly sha256: string
} & (
  | { readonly kind: 'unreadable'; readonly reason: string }
  | {
      readonly kind: 'signature'
      readonly signer: string | null
      readonly issuer: string | null
      readonly serialNumber: string | null
      readonly digestAlgorithm: string
      /** `intact`, `fileChanged`, `invalid` or `unchecked`. */
      readonly integrity: string
      readonly timestamp: {
        readonly kind: 'rfc3161' | 'countersignature'
        readonly time: string
        readonly authority: string | null
        readonly integrity: string
        readonly uncovered: readonly string[]
      } | null
      /** What is in it that nothing signed covers. */
      readonly uncovered: readonly string[]
    }
)

/** One thing that is done to a file. Directives of every format have this form. */
export type SigningDirective = {
  /** Its name in artifact configurations. */
  readonly directive: string
  /** By their names there. */
  readonly attributes: Readonly<Record<string, string | number | boolean | null>>
  /** What the signature will name, of the unsigned file: of which part, by which algorithm, hexadecimal. */
  readonly contentDigests: readonly { readonly content: string; readonly algorithm: string; readonly digest: string }[]
}

/** A file of a plan: which bytes, and what is done to them. */
export type PlannedFile = {
  readonly path: string
  readonly format: string
  readonly sha256: string
  /** Bytes. */
  readonly size: number
  readonly existingSignatures: readonly ExistingSignature[]
  readonly directives: readonly SigningDirective[]
}

/** What a plan's document says. */
export type SigningPlan = {
  readonly signingRequestId: string
  readonly certificateId: string
  /** SHA-256 of the signing certificate, hexadecimal. */
  readonly certificateThumbprint: string
  readonly timestamp: string
  readonly files: readonly PlannedFile[]
}

/** A plan and the digest that it really has. */
export type CheckedPlan = { readonly digest: string; readonly plan: SigningPlan }

/**
 * Fetches the plan of a request and checks here, without trusting the service, that the document has the digest and is
 * about this request: what is shown is what an approval of the digest stands for.
 *
 * @throws CliError `NOT_PLANNED_YET`, `PLAN_DAMAGED`, `SIGNING_REQUEST_NOT_FOUND`, and the service's codes
 */
export async function fetchPlan(connection: Connection, id: string): Promise<CheckedPlan> {
  const { signingRequest } = await ask(connection, planOfRequest, { id })
  if (signingRequest === null) throw requestNotFound(id)
  const { plan } = signingRequest
  if (plan === null || plan.document === null)
    throw new CliError('NOT_PLANNED_YET', 'The request has no plan yet: there is nothing to agree to.', {
      hint: `\`countersign request watch ${id}\` follows it.`,
      exitCode: exitCode.refused,
    })
  const digest = createHash('sha256').update(plan.document, 'utf8').digest('hex')
  const document = JSON.parse(plan.document) as SigningPlan
  if (digest !== plan.digest || document.signingRequestId !== id.toLowerCase())
    throw new CliError(
      'PLAN_DAMAGED',
      'The plan that the service shows is not the one that its digest stands for. Do not approve it.',
      { hint: 'Tell those who run the service; this must not happen.' },
    )
  return { digest, plan: document }
}
