import type { JWK } from 'jose'
import { z } from 'zod'
import { type Outgoing, OutgoingError } from '../../outgoing/index.ts'
import { OriginError, type OriginErrorCode } from '../origin-error.ts'

/** The most bytes of a discovery document, and of a set of keys. */
const mostBytes = 256 * 1024
/** The most keys of a set. */
const mostKeys = 100
/** How long each of the two may take, in milliseconds. */
const wholeMs = 10_000

const discoveryDocument = z.object({ issuer: z.string(), jwks_uri: z.string() })
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(mostKeys) })

/**
 * Fetches the keys that an issuer signs with, from where its discovery document says that they are (OpenID Connect Discovery 1.0
 * §4): of an issuer with a path they may lie outside of it.
 *
 * @throws OriginError, passing: `IDENTITY_TOKEN_KEYS_UNAVAILABLE`, `IDENTITY_TOKEN_KEYS_TOO_LARGE`,
 *   `IDENTITY_TOKEN_KEYS_MALFORMED`; final: `IDENTITY_TOKEN_DISCOVERY_MISMATCH`
 */
export async function fetchKeys(outgoing: Pick<Outgoing, 'request'>, issuer: string): Promise<readonly JWK[]> {
  const document = read(
    discoveryDocument,
    await fetchJson(outgoing, issuer, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
    issuer,
  )
  if (document.issuer !== issuer)
    throw new OriginError(
      'IDENTITY_TOKEN_DISCOVERY_MISMATCH',
      `The discovery document of ${issuer} says that it is of ${quoted(document.issuer)}. An administrator corrects the issuer, which is compared to the last character.`,
    )
  const location = document.jwks_uri
  if (issuer.startsWith('https:') && !location.startsWith('https:'))
    throw fault(
      'IDENTITY_TOKEN_KEYS_MALFORMED',
      issuer,
      'Its discovery document leads from https to an address without.',
    )
  return read(keySet, await fetchJson(outgoing, issuer, location), issuer).keys as readonly JWK[]
}

async function fetchJson(outgoing: Pick<Outgoing, 'request'>, issuer: string, url: string): Promise<unknown> {
  const chunks: Uint8Array[] = []
  try {
    const headers = { accept: 'application/json' }
    const answer = await outgoing.request(url, { method: 'GET', headers, maximumBytes: mostBytes, wholeMs })
    if (answer.status !== 200) {
      answer.discard()
      throw fault('IDENTITY_TOKEN_KEYS_UNAVAILABLE', issuer, `${answer.url.origin} answered ${answer.status}.`)
    }
    for await (const chunk of answer.body) chunks.push(chunk)
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error
    const isTooLarge = error.code === 'OUTGOING_ANSWER_TOO_LARGE'
    const code = isTooLarge ? 'IDENTITY_TOKEN_KEYS_TOO_LARGE' : 'IDENTITY_TOKEN_KEYS_UNAVAILABLE'
    throw fault(code, issuer, error.message)
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)))
  } catch {
    throw fault('IDENTITY_TOKEN_KEYS_MALFORMED', issuer, 'What came is no JSON.')
  }
}

function read<Document>(schema: z.ZodType<Document>, value: unknown, issuer: string): Document {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw fault('IDENTITY_TOKEN_KEYS_MALFORMED', issuer, `${issue?.path.join('.') || 'The document'}: ${issue?.message}`)
}

function fault(code: OriginErrorCode, issuer: string, why: string): OriginError {
  return new OriginError(code, `The keys of the issuer ${issuer} cannot be had. ${why} They are asked for again.`, {
    isPassing: true,
  })
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200))
}
