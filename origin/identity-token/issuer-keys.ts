import { type CryptoKey, importJWK, type JWK } from 'jose'
import type { Outgoing } from '../../outgoing/index.ts'
import { OriginError } from '../origin-error.ts'
import { fits, type TokenAlgorithm } from './algorithms.ts'
import { fetchKeys } from './fetch-keys.ts'

/** How long keys are kept, in milliseconds. */
export type KeyLimits = {
  /** From then on they are asked for again; default: 10 minutes. */
  readonly freshMs?: number
  /** From then on they are not used any more, though no others can be had: one may have been withdrawn; default: 4 hours. */
  readonly longestMs?: number
  /** The least between two times that an issuer is asked; default: 30 seconds. */
  readonly cooldownMs?: number
}

/** An issuer was asked for its keys. */
export type KeysFetched = { readonly issuer: string; readonly error: OriginError | null }

/** Gives the keys of issuers. */
export type IssuerKeys = {
  /**
   * The keys that may have signed with this algorithm and key id: one as a rule.
   *
   * @throws OriginError as `fetchKeys`; `IDENTITY_TOKEN_KEY_PENDING`, passing; `IDENTITY_TOKEN_KEY_UNKNOWN`
   */
  readonly find: (issuer: string, algorithm: TokenAlgorithm, keyId: string | undefined) => Promise<readonly CryptoKey[]>
}

/** The most issuers whose keys are kept. */
const mostIssuers = 1_000
/** The most keys with one id that are tried. */
const mostOfOneId = 4

type Known = {
  keys: readonly JWK[] | undefined
  /** When they came. */
  fetchedAt: number
  /** When they were asked for last, whatever came of it. */
  askedAt: number
  lastError: OriginError | undefined
  asking: Promise<void> | undefined
  imported: WeakMap<JWK, Map<TokenAlgorithm, Promise<CryptoKey>>>
}

/**
 * Keeps keys of issuers. Several who need the keys of one at the same moment wait for one fetch, and whatever key ids tokens
 * name, an issuer is asked no more often than once in the cooldown.
 *
 * @param options.now milliseconds since 1970
 */
export function createIssuerKeys(
  options: {
    readonly outgoing: Pick<Outgoing, 'request'>
    readonly now: () => number
    readonly onFetched?: (fetched: KeysFetched) => void
  } & KeyLimits,
): IssuerKeys {
  const { outgoing, now, onFetched } = options
  const { freshMs = 10 * 60_000, longestMs = 4 * 3_600_000, cooldownMs = 30_000 } = options
  const issuers = new Map<string, Known>()

  function knownOf(issuer: string): Known {
    const known = issuers.get(issuer) ?? nothingKnown()
    issuers.delete(issuer)
    issuers.set(issuer, known)
    for (const oldest of issuers.keys()) {
      if (issuers.size <= mostIssuers) break
      issuers.delete(oldest)
    }
    return known
  }

  async function askAgain(issuer: string, known: Known): Promise<void> {
    known.askedAt = now()
    try {
      known.keys = await fetchKeys(outgoing, issuer)
      known.fetchedAt = now()
      known.lastError = undefined
    } catch (error) {
      if (!(error instanceof OriginError)) throw error
      known.lastError = error
      // Who the issuer says that it is, is no answer that is missing: keys of before are not its, either.
      if (!error.isPassing) known.keys = undefined
    } finally {
      known.asking = undefined
      onFetched?.({ issuer, error: known.lastError ?? null })
    }
  }

  /** Asks once for all who wait, unless the issuer was asked a moment ago. @returns whether it was asked from now on */
  async function refresh(issuer: string, known: Known): Promise<boolean> {
    const isAsking = known.asking !== undefined
    if (!isAsking && now() - known.askedAt < cooldownMs) return false
    known.asking ??= askAgain(issuer, known)
    await known.asking
    return !isAsking
  }

  function secondsLeft(known: Known): number {
    return Math.max(1, Math.ceil((known.askedAt + cooldownMs - now()) / 1_000))
  }

  /** Keys that may still be used. */
  function usableKeys(issuer: string, known: Known): readonly JWK[] {
    if (known.keys !== undefined && now() - known.fetchedAt < longestMs) return known.keys
    const { code, message, isPassing } = known.lastError ?? unavailable(issuer)
    throw new OriginError(code, message, { isPassing, retryAfterSeconds: isPassing ? secondsLeft(known) : null })
  }

  return {
    async find(issuer, algorithm, keyId) {
      const known = knownOf(issuer)
      const isFresh = known.keys !== undefined && now() - known.fetchedAt < freshMs
      let isAskedNow = !isFresh && (await refresh(issuer, known))
      let found = keysFor(usableKeys(issuer, known), algorithm, keyId)
      if (found.length === 0 && !isAskedNow) {
        isAskedNow = await refresh(issuer, known)
        found = keysFor(usableKeys(issuer, known), algorithm, keyId)
      }
      // Only an answer that was asked for after the token had come can say that there is no such key.
      if (found.length === 0 && (!isAskedNow || known.lastError !== undefined))
        throw pending(issuer, keyId, secondsLeft(known))
      if (found.length === 0) throw unknown(issuer, algorithm, keyId)
      return Promise.all(found.slice(0, mostOfOneId).map((key) => importedKey(known, key, algorithm, issuer)))
    },
  }
}

function nothingKnown(): Known {
  const never = Number.NEGATIVE_INFINITY
  const times = { fetchedAt: never, askedAt: never }
  return { keys: undefined, ...times, lastError: undefined, asking: undefined, imported: new WeakMap() }
}

/** Of a token without a key id, the key is known only where one alone fits (RFC 7515 §4.1.4). */
function keysFor(keys: readonly JWK[], algorithm: TokenAlgorithm, keyId: string | undefined): readonly JWK[] {
  const fitting = keys.filter((key) => fits(key, algorithm) && (keyId === undefined || key.kid === keyId))
  return keyId === undefined && fitting.length > 1 ? [] : fitting
}

async function importedKey(known: Known, key: JWK, algorithm: TokenAlgorithm, issuer: string): Promise<CryptoKey> {
  const byAlgorithm = known.imported.get(key) ?? new Map<TokenAlgorithm, Promise<CryptoKey>>()
  known.imported.set(key, byAlgorithm)
  const imported = byAlgorithm.get(algorithm) ?? publicKey(key, algorithm, issuer)
  byAlgorithm.set(algorithm, imported)
  return imported
}

async function publicKey(key: JWK, algorithm: TokenAlgorithm, issuer: string): Promise<CryptoKey> {
  const imported = await importJWK(key, algorithm).catch(() => undefined)
  if (imported !== undefined && !(imported instanceof Uint8Array) && imported.type === 'public') return imported
  throw new OriginError(
    'IDENTITY_TOKEN_KEYS_MALFORMED',
    `A key of the issuer ${issuer} is no public key for ${algorithm}. See the issuer.`,
    { isPassing: true },
  )
}

function unavailable(issuer: string): OriginError {
  return new OriginError('IDENTITY_TOKEN_KEYS_UNAVAILABLE', `The keys of the issuer ${issuer} cannot be had.`, {
    isPassing: true,
  })
}

function pending(issuer: string, keyId: string | undefined, retryAfterSeconds: number): OriginError {
  return new OriginError(
    'IDENTITY_TOKEN_KEY_PENDING',
    `The issuer ${issuer} was asked for its keys a moment ago, and had none ${named(keyId)}. It is asked again in ${retryAfterSeconds} s.`,
    { isPassing: true, retryAfterSeconds },
  )
}

function unknown(issuer: string, algorithm: TokenAlgorithm, keyId: string | undefined): OriginError {
  return new OriginError(
    'IDENTITY_TOKEN_KEY_UNKNOWN',
    `The token is signed by ${algorithm} with a key ${named(keyId)}, and the issuer ${issuer} has no such key, or no single one that fits. Send a token of this issuer as it gave it.`,
  )
}

function named(keyId: string | undefined): string {
  return keyId === undefined ? 'without an id' : `of the id ${JSON.stringify(keyId.slice(0, 100))}`
}
