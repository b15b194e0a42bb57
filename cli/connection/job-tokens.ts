import { randomUUID } from 'node:crypto'
import { usageError } from '../cli-error.ts'
import { jobToken } from '../job-token.ts'
import type { Terminal } from '../terminal.ts'

/** The identity tokens of a CI job, by which its calls are made in place of an API token. */
export type JobTokens = {
  /** Of which organization the job is; the token does not say it. */
  readonly organizationId: string
  /** One that holds for a while yet. */
  readonly current: (signal?: AbortSignal) => Promise<string>
  /** A new one, for a submission of an artifact: of GitHub Actions for the one with this SHA-256 alone. */
  readonly forSubmission: (sha256: string | null) => JobTokens
}

/** A token is asked for anew so long before it expires, in milliseconds. */
const spareMs = 90_000

/**
 * The tokens of the job that this process runs in.
 *
 * @throws CliError `USAGE` for an organization that is named wrong
 */
export function tokensOfJob(
  terminal: Pick<Terminal, 'environment'>,
  { organization, audience }: { readonly organization: string; readonly audience: string | undefined },
): JobTokens {
  const organizationId = organization.trim().toLowerCase()
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(organizationId))
    throw usageError(
      '--organization-id (or COUNTERSIGN_ORGANIZATION) is not the id of an organization.',
      `It is a UUID, such as ${randomUUID()}; \`countersign whoami\` shows yours.`,
    )
  const tokens = (sha256: string | null): JobTokens => {
    let held: Promise<string> | undefined
    let holdsUntil = 0
    const ask = async (signal: AbortSignal) => {
      const token = await jobToken(terminal, { audience, sha256 }, signal)
      holdsUntil = expiryOf(token) - spareMs
      return token
    }
    return {
      organizationId,
      async current(signal = new AbortController().signal) {
        if (held === undefined || Date.now() >= holdsUntil) {
          // Whoever asks meanwhile has the same one.
          holdsUntil = Number.POSITIVE_INFINITY
          held = ask(signal)
          held.catch(() => {
            held = undefined
          })
        }
        return held
      },
      forSubmission: tokens,
    }
  }
  return tokens(null)
}

/** When a token says that it expires, in milliseconds since 1970; now when it does not. */
function expiryOf(token: string): number {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown }
    return typeof exp === 'number' ? exp * 1_000 : Date.now()
  } catch {
    return Date.now()
  }
}
