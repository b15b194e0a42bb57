import { createHash } from 'node:crypto'
import type { Outgoing, OutgoingAnswer, OutgoingRequest } from '../../outgoing/index.ts'
import type { ApiAnswer, ApiQuestion, HttpApi } from '../http-api.ts'
import { OriginError } from '../origin-error.ts'
import { type AnswerCache, createAnswerCache } from './answer-cache.ts'
import { addressBelow, isBelow, parseBaseUrl } from './base-url.ts'
import { createRateLimits, type RateLimits } from './rate-limits.ts'
import { type Asked, beginningOf, errorOfCall, passingFault, redirectRefused, refusalOf } from './refused.ts'

/** Where an API is: from settings, never from what a build says. */
export type ApiPlace = {
  /** How errors name the system: `GitHub`, `Jenkins`. */
  readonly system: string
  /** As {@link parseBaseUrl} takes it. */
  readonly baseUrl: string
  /** Ends calls with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** Opens APIs, which share what their servers said: cached answers, and pauses that they asked for. */
export type HttpApis = {
  /** @throws OriginError `ORIGIN_API_BASE_URL_INVALID` */
  readonly open: (place: ApiPlace) => HttpApi
}

/** What can be said otherwise than usual, for tests and slow systems. */
export type HttpApiLimits = {
  /** How long a question may take until the last byte of its answer, in milliseconds; default: 30 seconds. */
  readonly askMs?: number
  /** How long a download may take, in milliseconds; default: 30 minutes. */
  readonly downloadMs?: number
  /** The most bytes of an answer that is read whole; default: 8 MiB. */
  readonly answerBytes?: number
}

/** How often an answer that leads elsewhere within the API is followed: things were renamed or moved. */
const mostMoves = 3
/** How often a file is looked for elsewhere: stores of files, and what stands before them. */
const mostFileMoves = 5
const cachedBytes = 32 * 1024 * 1024

type Shared = Required<HttpApiLimits> & {
  readonly outgoing: Pick<Outgoing, 'request'>
  readonly now: () => number
  readonly cache: AnswerCache
  readonly pauses: RateLimits
}

/**
 * Makes what opens the APIs of a process.
 *
 * @param options.now milliseconds since 1970
 */
export function createHttpApis(
  options: { readonly outgoing: Pick<Outgoing, 'request'>; readonly now: () => number } & HttpApiLimits,
): HttpApis {
  const { outgoing, now, askMs = 30_000, downloadMs = 30 * 60_000, answerBytes = 8 * 1024 * 1024 } = options
  const cache = createAnswerCache(cachedBytes)
  const shared = { outgoing, now, askMs, downloadMs, answerBytes, cache, pauses: createRateLimits(now) }
  return { open: (place) => openHttpApi(place, shared) }
}

function openHttpApi(
  { system, signal, baseUrl }: ApiPlace,
  { outgoing, now, cache, pauses, askMs, downloadMs, answerBytes }: Shared,
): HttpApi {
  const base = parseBaseUrl(baseUrl)

  /** Calls once, unless the API wants to be left alone by this caller. */
  async function send(url: URL, asked: Asked, request: OutgoingRequest, caller: string): Promise<OutgoingAnswer> {
    pauses.requireOpen(caller, system)
    try {
      const answer = await outgoing.request(url.href, { ...request, signal })
      if (answer.url.origin === base.origin) pauses.learn(caller, answer.headers)
      return answer
    } catch (error) {
      throw errorOfCall(asked, error)
    }
  }

  /** @throws what may pass */
  async function requireLasting(answer: OutgoingAnswer, asked: Asked, caller: string, text: () => Promise<string>) {
    const fault = await passingFault(asked, answer, text, now())
    if (fault === undefined) return
    answer.discard()
    const isPause = fault.code === 'ORIGIN_API_RATE_LIMITED' && answer.url.origin === base.origin
    if (isPause) pauses.pause(caller, (fault.retryAfterSeconds ?? 0) * 1_000)
    throw fault
  }

  async function get(first: URL, question: ApiQuestion, asked: Asked, caller: string): Promise<ApiAnswer> {
    const { headers = {}, maximumBytes = answerBytes } = question
    const key = digestOf([caller, first.href])
    const cached = cache.get(key)
    const sent = cached === undefined ? headers : { ...headers, 'if-none-match': cached.etag }
    for (let [url, moves] = [first, 0]; ; moves += 1) {
      const request = { method: 'GET', headers: sent, maximumBytes, wholeMs: askMs } as const
      const answer = await send(url, asked, request, caller)
      if (answer.status === 304 && cached !== undefined) {
        answer.discard()
        return wholeAnswer(asked, cached)
      }
      const next = leadsTo(answer, url)
      if (next !== undefined) {
        answer.discard()
        if (moves === mostMoves) throw redirectRefused(asked, `It does so more than ${mostMoves} times.`)
        if (!isBelow(base, next)) throw redirectRefused(asked, `Only what is below ${base.href} is asked.`)
        url = next
        continue
      }
      const whole = await readWhole(answer, asked)
      await requireLasting(answer, asked, caller, async () => Buffer.from(whole.bytes).toString('latin1'))
      const { etag, 'cache-control': control = '' } = answer.headers
      if (answer.status === 200 && etag !== undefined && !/\bno-store\b/i.test(control))
        cache.put(key, { ...whole, etag })
      return wholeAnswer(asked, whole)
    }
  }

  return {
    async ask(question) {
      const { method = 'GET', headers = {}, json, maximumBytes = answerBytes } = question
      const url = addressBelow(base, question.path, question.query)
      const asked = { system, what: url.pathname }
      const caller = digestOf([base.origin, headers])
      if (method === 'GET') return get(url, question, asked, caller)
      const body = Buffer.from(JSON.stringify(json ?? null))
      const request = { method, body, maximumBytes, wholeMs: askMs }
      const answer = await send(
        url,
        asked,
        { ...request, headers: { ...headers, 'content-type': 'application/json' } },
        caller,
      )
      const whole = await readWhole(answer, asked)
      await requireLasting(answer, asked, caller, async () => Buffer.from(whole.bytes).toString('latin1'))
      if (leadsTo(answer, url) !== undefined)
        throw redirectRefused(asked, 'What is sent by POST is not sent elsewhere.')
      return wholeAnswer(asked, whole)
    },

    async download({ path, query, headers = {}, maximumBytes = Number.MAX_SAFE_INTEGER }) {
      const url = addressBelow(base, path, query)
      const asked = { system, what: url.pathname }
      const caller = digestOf([base.origin, headers])
      const request = { headers, redirects: mostFileMoves, maximumBytes, wholeMs: downloadMs }
      const answer = await send(url, asked, { method: 'GET', ...request }, caller)
      if (answer.status !== 200) {
        await requireLasting(answer, asked, caller, () => beginningOf(answer))
        answer.discard()
        throw answer.url.origin === base.origin ? refused(asked, answer.status) : storeRefused(asked, answer)
      }
      const { discard, saysItsEnd } = answer
      if (!saysItsEnd) {
        discard()
        throw endUnknown(asked)
      }
      return { headers: answer.headers, size: sizeOf(answer), bytes: bytesOf(answer, asked), discard }
    },
  }
}

/** Bytes of an answer, whose errors say what was asked for. */
async function* bytesOf(answer: OutgoingAnswer, asked: Asked): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* answer.body
  } catch (error) {
    throw errorOfCall(asked, error)
  }
}

type Whole = Pick<ApiAnswer, 'status' | 'headers' | 'bytes'>

async function readWhole(answer: OutgoingAnswer, asked: Asked): Promise<Whole> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytesOf(answer, asked)) chunks.push(chunk)
  return { status: answer.status, headers: answer.headers, bytes: Buffer.concat(chunks) }
}

function wholeAnswer({ system, what }: Asked, { status, headers, bytes }: Whole): ApiAnswer {
  return {
    status,
    headers,
    bytes,
    json() {
      try {
        return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
      } catch {
        throw new OriginError(
          'ORIGIN_API_ANSWER_MALFORMED',
          `${system}'s answer to ${what} is no JSON. See whether the base URL is that of its API, and what stands before it.`,
          { isPassing: true },
        )
      }
    },
  }
}

function leadsTo({ status, headers }: OutgoingAnswer, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined
  return URL.parse(headers.location ?? '', from) ?? new URL('about:blank')
}

function refused(asked: Asked, status: number): OriginError {
  const { code, message } = refusalOf(status, asked, 'to read it')
  return new OriginError(code, message)
}

/** An address at a store holds for a moment and is made anew each time, so a file may be given then. */
function storeRefused({ system, what }: Asked, { status, url }: OutgoingAnswer): OriginError {
  const message = `${url.origin}, to which ${system} leads for ${what}, answered ${status}. It is asked again.`
  return new OriginError('ORIGIN_API_UNAVAILABLE', message, { isPassing: true })
}

function endUnknown({ system, what }: Asked): OriginError {
  return new OriginError(
    'ORIGIN_ARTIFACT_LENGTH_UNKNOWN',
    `${system} does not say where ${what} ends, so a part could not be told from the whole. See what stands before it.`,
    { isPassing: true },
  )
}

/** In bytes, as the answer says. */
function sizeOf({ headers }: OutgoingAnswer): number | null {
  const text = headers['content-length']
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}

function digestOf(things: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(things)).digest('base64')
}
