import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { tooLarge } from '../artifacts/index.ts'
import {
  type Instant,
  type Link,
  parseFileName,
  parseSha256Digest,
  Refusal,
  type SourceSecretsId,
} from '../domain/index.ts'
import { type Outgoing, type OutgoingAnswer, OutgoingError, requireHeaders } from '../outgoing/index.ts'
import type { SecretPlace, Secrets } from '../secrets/index.ts'
import { detailForms } from './forms.ts'
import { expectedAnswer, LinkUnavailable } from './link-answer.ts'
import type { Retrieval, SourceKind, UncheckedSource } from './source-kind.ts'
import { read } from './submitted.ts'

/** What the operator says of links. */
export type LinkLimits = {
  /** How long a link is tried again while its server is away, in milliseconds. */
  readonly lifetimeMs: number
  /** How long one retrieval may take, in milliseconds. */
  readonly wholeMs: number
  /** How often an answer that leads elsewhere is followed. */
  readonly redirects: number
}

/** How much longer secrets are kept than a link is tried, in milliseconds: the service itself may have been away. */
const spareMs = 7 * 24 * 3_600_000

const form = z.object({
  url: z.string().max(8_192),
  fileName: z.string(),
  sha256: z.string().nullish(),
  headers: z.record(z.string(), z.string()).nullish(),
})

/** What of a link is secret. */
type LinkSecrets = { readonly query: string; readonly headers: Readonly<Record<string, string>> }

/**
 * A file that is fetched by HTTP: submitted as `{ kind: 'link', url, fileName, sha256?, headers? }`. Query and values of headers
 * are secret: they are kept sealed, until the artifact is there or the request is over.
 *
 * @throws when it is checked: Refusal `SOURCE_MALFORMED`, `FILE_NAME_MALFORMED`, `DIGEST_MALFORMED`; OutgoingError
 *   `OUTGOING_URL_INVALID`, `OUTGOING_ADDRESS_REFUSED`, `OUTGOING_HEADER_INVALID`; SecretsError
 * @throws when it is retrieved: OutgoingError; LinkUnavailable; SecretsError; ArtifactError `ARTIFACT_TOO_LARGE`; Refusal
 *   `LINK_REFUSED`, `LINK_LENGTH_UNKNOWN`, `LINK_SECRETS_GONE`, `LINK_UNANSWERED`
 */
export function linkSource(options: {
  readonly outgoing: Pick<Outgoing, 'checkTarget' | 'request'>
  readonly secrets: Pick<Secrets, 'put' | 'get' | 'remove'>
  readonly limits: LinkLimits
  readonly now: () => Instant
}): SourceKind<Link> {
  const { outgoing, secrets, limits, now } = options
  const after = (milliseconds: number) => new Date(Date.parse(now()) + milliseconds).toISOString()

  async function secretsOf(source: Link, { request }: Pick<Retrieval, 'request'>): Promise<LinkSecrets> {
    if (source.secretsId === null) return { query: '', headers: {} }
    const kept = await secrets.get(placeOf(source.secretsId, request))
    if (kept !== undefined) return JSON.parse(kept.toString()) as LinkSecrets
    throw new Refusal(
      'LINK_SECRETS_GONE',
      'Query and headers of the link are not kept any more: they are removed some days after it was to be fetched. Submit again.',
    )
  }

  async function fetched(source: Link, retrieval: Retrieval): Promise<OutgoingAnswer> {
    const { query, headers } = await secretsOf(source, retrieval)
    return outgoing.request(`${source.details.url}${query}`, {
      method: 'GET',
      headers,
      redirects: limits.redirects,
      // The registry holds the bytes to the kind's limit, and says so by its own code.
      maximumBytes: Number.MAX_SAFE_INTEGER,
      wholeMs: limits.wholeMs,
      signal: retrieval.signal,
    })
  }

  return {
    kind: 'link',
    details: detailForms.link,

    async check(submitted) {
      const { url: text, fileName, sha256 } = read(form, submitted)
      const url = await outgoing.checkTarget(text)
      const { headers } = secretsIn(submitted, url)
      requireHeaders(headers)
      const details = { url: bare(url), headerNames: Object.keys(headers), fetchBefore: after(limits.lifetimeMs) }
      return {
        kind: 'link',
        fileName: parseFileName(fileName),
        sha256: sha256 == null ? null : parseSha256Digest(sha256, "The artifact's SHA-256"),
        size: null,
        isAtHand: false,
        secretsId: null,
        details,
      }
    },

    async keepSecrets(source, submitted, context) {
      const kept = secretsIn(submitted, new URL(read(form, submitted).url))
      if (kept.query === '' && Object.keys(kept.headers).length === 0) return source
      const secretsId = randomUUID() as SourceSecretsId
      const expiresAt = after(limits.lifetimeMs + spareMs)
      await secrets.put(placeOf(secretsId, context), Buffer.from(JSON.stringify(kept)), { expiresAt })
      return { ...source, secretsId }
    },

    async removeSecrets({ secretsId }, request) {
      if (secretsId !== null) await secrets.remove(placeOf(secretsId, request))
    },

    chosen: ({ fetchBefore: _, ...chosen }) => chosen,

    async retrieve(source, retrieval) {
      const { fileName, sha256 } = source
      try {
        const answer = expectedAnswer(await fetched(source, retrieval), { isDigestKnown: sha256 !== null })
        try {
          retrieval.progress?.()
          if (Number(answer.headers['content-length'] ?? 0) > retrieval.maximumSize)
            throw tooLarge(retrieval.maximumSize)
          return { fileName: fileName ?? '', ...(await retrieval.put(answer.body)) }
        } finally {
          // Whoever was to take the bytes may not have begun to read them.
          answer.discard()
        }
      } catch (error) {
        throw now() < source.details.fetchBefore ? error : unansweredIfAway(error, source.details.fetchBefore)
      }
    },

    describe: ({ details: { url, headerNames } }) => ({
      link: url,
      ...(headerNames.length > 0 && { headers: headerNames.join(', ') }),
    }),
  }
}

/** Query and headers of a submitted link. Whoever names the same header twice in other letters is refused for it later. */
function secretsIn(submitted: UncheckedSource, url: URL): LinkSecrets {
  return { query: url.search, headers: read(form, submitted).headers ?? {} }
}

/** What of an address may stand in the log. */
function bare({ origin, pathname }: URL): string {
  return `${origin}${pathname}`
}

function placeOf(id: SourceSecretsId, { organizationId }: Pick<SecretPlace, 'organizationId'>): SecretPlace {
  return { organizationId, purpose: 'link', id }
}

/** A server that is away for too long ends the request. What is away of the service itself does not. */
function unansweredIfAway(error: unknown, fetchBefore: Instant): unknown {
  const isAway = error instanceof LinkUnavailable || (error instanceof OutgoingError && error.transient)
  if (!isAway) return error
  return new Refusal(
    'LINK_UNANSWERED',
    `The link was tried until ${fetchBefore} and later, and its server did not give the artifact. At last: ${error.message}`,
  )
}
