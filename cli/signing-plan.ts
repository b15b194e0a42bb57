import { createHash } from 'node:crypto'
import { CliError } from './cli-error.ts'
import type { Connection } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import { pageOfPlan, planOfRequest } from './documents/requests.ts'
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

/** A file or folder of a plan: which bytes, and what is done to them. */
export type PlanNode = {
  /** Names from the artifact inwards: its file name, the path in it, the path in that, … */
  readonly path: readonly string[]
  readonly kind: 'file' | 'container' | 'directory'
  /** `signed`, `rebuilt` or `unchanged`. */
  readonly outcome: string
  readonly directives: readonly SigningDirective[]
  /** What of the artifact configuration matched it. */
  readonly element?: {
    readonly name: string
    readonly path: string | null
    readonly line: number
    readonly column: number
  } | null
  /** What it says of itself, by the names of restrictions. */
  readonly metadata?: Readonly<Record<string, string>>
  readonly warnings?: readonly string[]
  /** The signatures that become files of their own. */
  readonly outputs?: readonly string[]
  // What follows, folders do not have.
  readonly format?: string | null
  readonly sha256?: string
  /** Bytes. */
  readonly size?: number
  readonly existingSignatures?: readonly ExistingSignature[]
}

/** What the head of a plan's document says. */
export type SigningPlan = {
  readonly plannerVersion: number
  readonly signingRequestId: string
  readonly certificateId: string
  /** SHA-256 of the signing certificate, hexadecimal. */
  readonly certificateThumbprint: string
  readonly timestamp: string
  /** What says what is signed inside what; not there when only the artifact itself is. */
  readonly artifactConfiguration?: {
    readonly artifactConfigurationId: string
    readonly version: number
    readonly documentDigest: string
    readonly parameters: Readonly<Record<string, string>>
  }
  readonly pages: readonly {
    readonly entries: number
    /** How many of the entries will be signed. */
    readonly signed: number
    readonly sha256: string
  }[]
}

/** A plan and the digest that it really has. */
export type CheckedPlan = {
  readonly digest: string
  readonly plan: SigningPlan
  /** How many files will be signed. */
  readonly fileCount: number
  /** The first files that will be signed: all, or as many as were asked for. */
  readonly files: readonly PlanNode[]
}

/** Files that are shown of a plan when nobody asks for all. */
export const filesShown = 100

/**
 * Fetches the plan of a request and checks here, without trusting the service, that its head has the digest and is about
 * this request, and that each page with files to be signed is the one that the head names: what is shown is what an
 * approval of the digest stands for.
 *
 * @param limit how many files at most
 * @throws CliError `NOT_PLANNED_YET`, `PLAN_DAMAGED`, `SIGNING_REQUEST_NOT_FOUND`, and the service's codes
 */
export async function fetchPlan(connection: Connection, id: string, limit = filesShown): Promise<CheckedPlan> {
  const { signingRequest } = await ask(connection, planOfRequest, { id })
  if (signingRequest === null) throw requestNotFound(id)
  const { plan } = signingRequest
  if (plan === null || plan.document === null)
    throw new CliError('NOT_PLANNED_YET', 'The request has no plan yet: there is nothing to agree to.', {
      hint: `\`countersign request watch ${id}\` follows it.`,
      exitCode: exitCode.refused,
    })
  const digest = sha256Of(plan.document)
  const head = parsed<SigningPlan>(plan.document)
  if (digest !== plan.digest || head.signingRequestId !== id.toLowerCase() || !Array.isArray(head.pages))
    throw damaged()
  const files: PlanNode[] = []
  for (const [index, page] of head.pages.entries()) {
    if (files.length >= limit) break
    if (page.signed === 0) continue
    const text = await pageOf(connection, id, index)
    if (text === null || sha256Of(text) !== page.sha256) throw damaged()
    const signed = text
      .split('\n')
      .slice(0, -1)
      .map((line) => parsed<PlanNode>(line))
      .filter(({ outcome }) => outcome === 'signed')
    // Or files would be signed that the head does not count, and that nobody sees.
    if (signed.length !== page.signed) throw damaged()
    for (const file of signed) files.push(file)
  }
  const fileCount = head.pages.reduce((sum, { signed }) => sum + signed, 0)
  return { digest, plan: head, fileCount, files: files.slice(0, limit) }
}

async function pageOf(connection: Connection, id: string, index: number): Promise<string | null> {
  const { signingRequest } = await ask(connection, pageOfPlan, { id, index })
  return signingRequest?.plan?.page ?? null
}

function parsed<Document extends object>(text: string): Document {
  try {
    const document: unknown = JSON.parse(text)
    if (typeof document === 'object' && document !== null) return document as Document
  } catch {
    // Said below.
  }
  throw damaged()
}

function damaged(): CliError {
  return new CliError(
    'PLAN_DAMAGED',
    'The plan that the service shows is not the one that its digest stands for. Do not approve it.',
    { hint: 'Tell those who run the service; this must not happen.' },
  )
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
