import { createHash } from 'node:crypto'
import { type CryptoKey, compactVerify, decodeJwt, decodeProtectedHeader, errors } from 'jose'
import type { Instant, Sha256Digest } from '../../domain/index.ts'
import { OriginError, type OriginErrorCode } from '../origin-error.ts'
import type { Secret } from '../secret.ts'
import type { TokenAlgorithm } from './algorithms.ts'
import type { TokenClaims } from './claims.ts'
import type { IssuerKeys } from './issuer-keys.ts'

/** What a token must be like: from settings. */
export type ExpectedToken = {
  /** As it stands in the token and in the issuer's discovery document, to the last character. */
  readonly issuer: string
  /**
   * Whom the token must be for, and nobody else. Where an issuer lets a job choose, the job can put the digest of its artifact
   * behind it: `https://signing.example.com#sha256=…`; then the token proves that artifact alone.
   */
  readonly audience: string
  /** What the issuer signs by. */
  readonly algorithms: readonly TokenAlgorithm[]
  /** The longest that a token may be valid, in seconds. */
  readonly longestLifeSeconds: number
}

/** A token that its issuer signed, for us, and that holds now. */
export type IdentityToken = {
  readonly issuer: string
  /** Its `jti`, or the SHA-256 (hexadecimal) of what is signed of it where it has none. */
  readonly tokenId: string
  readonly expiresAt: Instant
  /** The SHA-256 of the one artifact that it is for, where its audience names one; else `null`. */
  readonly boundTo: Sha256Digest | null
  readonly claims: TokenClaims
  /** The claims as they came, in JSON: evidence that nobody can use as the token. */
  readonly payload: Uint8Array
}

/** Checks identity tokens (OpenID Connect Core 1.0 §2, §3.1.3.7; RFC 8725). */
export type IdentityTokens = {
  /**
   * Checks a token: form, algorithm, issuer, signature, audience, times. That it is used once, {@link useOnce} sees to.
   *
   * @param at when it must be valid; as a rule now
   * @throws OriginError `IDENTITY_TOKEN_…`: passing while the issuer's keys cannot be had, else final
   */
  readonly check: (token: Secret, expected: ExpectedToken, at: Instant) => Promise<IdentityToken>
}

/** The longest token that is read, in characters. */
const longestToken = 16_384
/** How far clocks may differ, in seconds, for each of the three times alike. */
const leewaySeconds = 60
/** Types that a token may name in its header (RFC 7519 §5.1); any other is a token for something else (RFC 8725 §3.11). */
const tokenTypes: ReadonlySet<unknown> = new Set([undefined, 'JWT', 'jwt', 'application/jwt'])

/** Checks tokens with the keys of their issuers. */
export function createIdentityTokens(keys: IssuerKeys): IdentityTokens {
  return {
    async check(token, expected, at) {
      const text = token.reveal()
      const { algorithm, keyId } = headerOf(text, expected)
      const { issuer } = expected
      const said = unverifiedClaims(text)
      if (said.iss !== issuer)
        throw refused('IDENTITY_TOKEN_ISSUER_UNKNOWN', `is of the issuer ${shown(said.iss)} in place of ${issuer}`)
      const payload = await verified(text, await keys.find(issuer, algorithm, keyId), algorithm)
      // The very bytes that are signed decide from here on.
      const claims = JSON.parse(Buffer.from(payload).toString()) as TokenClaims
      const boundTo = requireAudience(claims.aud, expected.audience)
      const expiresAt = requireTimes(claims, expected.longestLifeSeconds, Date.parse(at) / 1_000)
      return { issuer, tokenId: tokenIdOf(claims, text), expiresAt, boundTo, claims, payload }
    },
  }
}

function headerOf(text: string, { algorithms }: ExpectedToken) {
  if (text.length > longestToken) throw malformed(`is longer than ${longestToken} characters`)
  let header: ReturnType<typeof decodeProtectedHeader>
  try {
    header = decodeProtectedHeader(text)
  } catch {
    throw malformed('has no header that can be read')
  }
  const algorithm = algorithms.find((name) => name === header.alg)
  if (algorithm === undefined)
    throw refused(
      'IDENTITY_TOKEN_ALGORITHM_REFUSED',
      `is signed by ${shown(header.alg)}, and this issuer's are signed by ${algorithms.join(', ')}`,
    )
  if (!tokenTypes.has(header.typ)) throw malformed(`is of the type ${shown(header.typ)} in place of JWT`)
  if (header.crit !== undefined || header.b64 !== undefined) throw malformed('asks for extensions in its header')
  if (header.kid !== undefined && typeof header.kid !== 'string') throw malformed('has a key id that is no text')
  return { algorithm, keyId: header.kid }
}

function unverifiedClaims(text: string): TokenClaims {
  try {
    return decodeJwt(text)
  } catch {
    throw malformed('has no claims that can be read: it must be three parts, of which the second is JSON')
  }
}

/** The payload, when one of the keys signed it. */
async function verified(text: string, keys: readonly CryptoKey[], algorithm: TokenAlgorithm): Promise<Uint8Array> {
  for (const key of keys) {
    try {
      return (await compactVerify(text, key, { algorithms: [algorithm] })).payload
    } catch (error) {
      if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error
    }
  }
  throw refused('IDENTITY_TOKEN_SIGNATURE_INVALID', 'is not signed by a key of its issuer: it was changed or made up')
}

/**
 * A token for several could be shown to us by any of them.
 *
 * @returns the digest of an artifact that stands behind the audience; `null` when none does
 */
function requireAudience(audience: unknown, expected: string): Sha256Digest | null {
  const named = Array.isArray(audience) ? audience : [audience]
  const [only] = named
  if (named.length === 1 && typeof only === 'string' && only.startsWith(expected)) {
    const rest = only.slice(expected.length)
    if (rest === '') return null
    const [, digest] = /^#sha256=([0-9a-f]{64})$/.exec(rest) ?? []
    if (digest !== undefined) return digest as Sha256Digest
  }
  throw refused(
    'IDENTITY_TOKEN_AUDIENCE_WRONG',
    `is for ${named.slice(0, 5).map(shown).join(' and ')} in place of ${JSON.stringify(expected)} alone. Have the job ask for one with this audience`,
  )
}

/** @returns when it expires */
function requireTimes(claims: TokenClaims, longestLifeSeconds: number, now: number): Instant {
  const { exp, iat, nbf } = claims
  if (!isTime(exp)) throw missing('exp', 'when it expires')
  if (!isTime(iat)) throw missing('iat', 'when it was issued')
  if (nbf !== undefined && !isTime(nbf)) throw missing('nbf', 'from when on it is valid')
  const at = (seconds: number) => new Date(seconds * 1_000).toISOString()
  if (exp - iat > longestLifeSeconds)
    throw refused(
      'IDENTITY_TOKEN_LIFE_TOO_LONG',
      `is valid for ${Math.ceil(exp - iat)} s, and at most ${longestLifeSeconds} s are taken. Have the issuer give shorter ones, or an administrator allow it`,
    )
  if (now >= exp + leewaySeconds)
    throw refused('IDENTITY_TOKEN_EXPIRED', `expired at ${at(exp)}. Have the job ask for a new one`)
  const validFrom = Math.max(iat, nbf ?? iat)
  if (now < validFrom - leewaySeconds)
    throw refused(
      'IDENTITY_TOKEN_NOT_YET_VALID',
      `is valid from ${at(validFrom)} on only. See the clocks of issuer and service`,
    )
  return at(exp)
}

/** Seconds since 1970, within what dates can say (RFC 7519 §2, NumericDate). */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 253_402_300_800
}

/** What is signed names the token: who has it can write its signature in other ways, too. */
function tokenIdOf({ jti }: TokenClaims, text: string): string {
  if (typeof jti === 'string' && jti !== '' && jti.length <= 500) return jti
  return createHash('sha256')
    .update(text.slice(0, text.lastIndexOf('.')))
    .digest('hex')
}

function missing(claim: string, what: string): OriginError {
  return refused('IDENTITY_TOKEN_CLAIM_MISSING', `does not say ${what} (${claim})`)
}

function malformed(why: string): OriginError {
  return refused('IDENTITY_TOKEN_MALFORMED', `${why}. Send it as the issuer gave it`)
}

function refused(code: OriginErrorCode, why: string): OriginError {
  return new OriginError(code, `The identity token ${why}.`)
}

/** What a token says of itself, for people. */
function shown(value: unknown): string {
  return value === undefined ? 'none' : (JSON.stringify(value) ?? 'none').slice(0, 200)
}
