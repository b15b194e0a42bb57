import { CliError, usageError } from './cli-error.ts'
import { exitCode } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** How long GitHub may take to give a token, in milliseconds. */
const longestMs = 20_000
/** The longest answer with a token, in characters. */
const longestAnswer = 65_536

/**
 * The identity token of the CI job that this process runs in: GitHub Actions gives one at the address that it puts into the
 * environment of jobs with the permission `id-token: write`; GitLab puts one into a variable (`id_tokens`).
 *
 * @throws CliError `USAGE` outside of such a job; `IDENTITY_TOKEN_NOT_GIVEN` when GitHub gives none
 */
export async function jobToken(
  { environment }: Pick<Terminal, 'environment'>,
  { audience, sha256 }: { readonly audience: string | undefined; readonly sha256: string | null },
  signal: AbortSignal,
): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: credential } = environment
  if (address && credential) {
    if (audience === undefined)
      throw usageError('--audience is needed with --identity-token: whom the token is for, as the link says.')
    // Whoever takes the token from the job can have nothing else signed by it.
    const bound = sha256 === null ? audience : `${audience}#sha256=${sha256}`
    return tokenOfGitHub(address, credential, bound, signal)
  }
  const { SIGNING_ID_TOKEN: given } = environment
  if (given) return given.trim()
  throw usageError(
    '--identity-token finds no token of a job.',
    'In GitHub Actions the job needs `permissions: id-token: write`; in GitLab CI it needs `id_tokens: SIGNING_ID_TOKEN: aud: …`. Of another system give the token by --build-secret-env identityToken=VARIABLE.',
  )
}

async function tokenOfGitHub(
  address: string,
  credential: string,
  audience: string,
  signal: AbortSignal,
): Promise<string> {
  const url = URL.parse(address)
  if (url === null) throw notGiven('The address in ACTIONS_ID_TOKEN_REQUEST_URL is none.')
  url.searchParams.set('audience', audience)
  try {
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${credential}`, accept: 'application/json; api-version=2.0' },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(longestMs)]),
    })
    const text = await answer.text()
    if (!answer.ok || text.length > longestAnswer) throw notGiven(`GitHub answered ${answer.status}.`)
    const { value } = JSON.parse(text) as { readonly value?: unknown }
    if (typeof value === 'string' && value !== '') return value
  } catch (error) {
    if (error instanceof CliError || signal.aborted) throw error
    // The address holds ids of the run, and what failed may name it.
    throw notGiven(error instanceof SyntaxError ? 'What GitHub answered is no JSON.' : 'GitHub could not be reached.')
  }
  throw notGiven('GitHub answered without a token.')
}

function notGiven(why: string): CliError {
  return new CliError('IDENTITY_TOKEN_NOT_GIVEN', `The job's identity token could not be had. ${why}`, {
    hint: 'Run the job again; it needs `permissions: id-token: write`.',
    exitCode: exitCode.unreachable,
  })
}
