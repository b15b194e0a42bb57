import { createHash } from 'node:crypto'
import type { Caller } from '../application/index.ts'
import { canonicalJson, type Instant, parseIdempotencyKey, Refusal } from '../domain/index.ts'
import type { Secrets } from '../secrets/index.ts'
import type { AnyAnswer } from './operation.ts'

/** Where answers are kept: sealed, because some hold what is shown once, such as a token. */
export type AnswerStore = Pick<Secrets, 'add' | 'get' | 'put' | 'remove'>

/** For how long an answer is kept, in milliseconds. */
const lifetimeMs = 24 * 60 * 60_000
/** After how long a call counts as lost whose process ended before it was answered, in milliseconds. */
const longestWorkMs = 10 * 60_000

/** A call with an idempotency key. */
export type KeyedCall = {
  readonly caller: Caller
  /** Method and path with the values of its parameters: the same key on another route is another call. */
  readonly route: string
  readonly key: string
}

/** What is kept: what was asked, and the answer once there is one. */
type Kept = { readonly input: string; readonly answer: AnyAnswer | null }

/** Answers of calls by their idempotency keys, per organization, user, limits of the token, and route. */
export type KeptAnswers = {
  /**
   * Runs a call, or gives the answer that the same call got before.
   *
   * @param input what it asks, as JSON can say it
   * @param run what does it; a refusal that it gives as an answer is kept as well
   * @throws Refusal `IDEMPOTENCY_KEY_MALFORMED`, `IDEMPOTENCY_KEY_REUSED` when the input is another one,
   *   `IDEMPOTENCY_KEY_IN_USE` while the first is still at work; SecretsError; what `run` throws
   */
  once(call: KeyedCall, input: unknown, run: () => Promise<AnyAnswer>): Promise<AnyAnswer>
}

/** Keeps answers for a day. */
export function keepAnswers(store: AnswerStore, now: () => number = Date.now): KeptAnswers {
  const after = (milliseconds: number): Instant => new Date(now() + milliseconds).toISOString()
  const written = (kept: Kept) => Buffer.from(JSON.stringify(kept))

  return {
    async once({ caller, route, key }, input, run) {
      const { organizationId, userId, scope } = caller
      // An answer may hold what is shown once: a token that is limited otherwise, and may not ask for it, does not get it either.
      const id = digest([organizationId, userId, scope, route, parseIdempotencyKey(key)])
      const place = { organizationId, purpose: 'restAnswer', id }
      const asked = digest(input)
      if (!(await store.add(place, written({ input: asked, answer: null }), { expiresAt: after(longestWorkMs) }))) {
        const found = await store.get(place)
        const kept = found === undefined ? undefined : (JSON.parse(found.toString()) as Kept)
        if (kept !== undefined && kept.input !== asked) throw reused()
        if (kept?.answer == null) throw new IdempotencyKeyInUse()
        return kept.answer
      }
      let answer: AnyAnswer
      try {
        answer = await run()
      } catch (error) {
        await store.remove(place).catch(() => undefined)
        throw error
      }
      if (isForNow(answer)) await store.remove(place).catch(() => undefined)
      // What cannot be kept is the answer all the same; until the call counts as lost, others by its key are refused.
      else
        await store
          .put(place, written({ input: asked, answer }), { expiresAt: after(lifetimeMs) })
          .catch(() => undefined)
      return answer
    },
  }
}

/** The first call by this key has not been answered yet. Code `IDEMPOTENCY_KEY_IN_USE`; the answer says when to ask again. */
export class IdempotencyKeyInUse extends Refusal {
  /** Seconds. */
  readonly retryAfter = 1

  constructor() {
    super(
      'IDEMPOTENCY_KEY_IN_USE',
      'The first call by this Idempotency-Key is still at work. Send it again in a second to get its answer.',
    )
  }
}

/** Answers that another try may not get. */
function isForNow({ status }: AnyAnswer): boolean {
  return status >= 500 || [401, 403, 408, 429].includes(status)
}

function digest(value: unknown): string {
  return createHash('sha256')
    .update(canonicalJson(value ?? null))
    .digest('hex')
}

function reused(): Refusal {
  return new Refusal(
    'IDEMPOTENCY_KEY_REUSED',
    'You used this Idempotency-Key on this route before, and asked for something else. Choose a new key for each call.',
  )
}
