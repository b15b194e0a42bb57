import { Refusal } from '../domain/refusal.ts'
import { failedChecks, type OriginCheck } from '../domain/verified-origin.ts'
import type { OriginFinding } from './connector.ts'
import { OriginError } from './origin-error.ts'

/** What was found before anything of a submission is recorded; `null` where nobody could be asked. */
export type EarlyFinding = OriginFinding | null

/**
 * What by the API of a build system is wrong with how it is asked, and not with the build. Whoever submits, or made the link, can
 * mend it at once; a wrong build is refused, and recorded with all that was asked, when the artifact is there.
 */
const ofAsking: ReadonlySet<string | null> = new Set([
  'ORIGIN_API_UNAUTHENTICATED',
  'ORIGIN_API_FORBIDDEN',
  'ORIGIN_API_PATH_INVALID',
  'ORIGIN_API_BASE_URL_INVALID',
  'ORIGIN_BUILD_INVALID',
  'ORIGIN_BUILD_UNNAMED',
  'ORIGIN_CREDENTIALS_MISSING',
  'ORIGIN_LINK_INVALID',
  'ORIGIN_SECRET_MISSING',
])

/**
 * Asks, and refuses what is wrong for good: of an identity token or a claim everything, since there is no more to learn of it; of an
 * API's answers only what was wrong with the question. A build system that is away is asked again later; a token is not taken unseen.
 *
 * @param options.isWhole whether a wrong build is refused as well, with all that is wrong: where whoever submits waits for it
 * @throws Refusal with the code of the first check that failed; OriginError `IDENTITY_TOKEN_…` that may pass
 */
export async function earlyFinding(
  ask: () => Promise<OriginFinding>,
  { isWhole = false }: { readonly isWhole?: boolean } = {},
): Promise<EarlyFinding> {
  const finding = await ask().catch((error: unknown) => {
    if (isAway(error)) return null
    throw error
  })
  const failed = failedChecks(finding?.checks ?? [])
  const isAllRefused = isWhole || finding?.proof !== 'api'
  const first = isAllRefused ? failed[0] : failed.find(({ code }) => ofAsking.has(code))
  if (first !== undefined) throw refusalOf(first, isAllRefused ? failed : [first])
  return finding
}

function isAway(error: unknown): boolean {
  if (error instanceof OriginError) return error.isPassing && !error.code.startsWith('IDENTITY_TOKEN_')
  return error instanceof DOMException && (error.name === 'TimeoutError' || error.name === 'AbortError')
}

/** So many checks a refusal tells of. */
const mostTold = 20

function refusalOf({ name, code, message }: OriginCheck, failed: readonly OriginCheck[]): Refusal {
  const told = failed.slice(0, mostTold).map((each) => `${each.code}: ${each.message}`)
  return new Refusal(code ?? 'ORIGIN_NOT_VERIFIED', message ?? 'The origin of the artifact cannot be verified.', {
    check: name,
    ...(failed.length > 1 && { failedChecks: told }),
  })
}
