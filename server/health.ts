import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { bearerTokens } from '../http/index.ts'
import type { Settings } from './configuration.ts'

/**
 * Says whether one part of the service works: throws the reason why not, or resolves; with a text, a notice, when people
 * should see to something although it works.
 */
export type HealthCheck = () => Promise<unknown>

/** How long one check may take, in milliseconds; a part that does not answer is down. */
const checkTimeout = 3_000

/** For how long an answer holds, in milliseconds: a flood of questions makes one check. What is down is seen to sooner. */
const freshFor = { up: 5_000, down: 1_000 }

/** After which a check that never answered is given up and made anew, in milliseconds. */
const abandonedAfter = 60_000

/** What a process knows about itself. */
export type Readiness = {
  readonly status: 'up' | 'down'
  readonly checks: Readonly<
    Record<
      string,
      { readonly status: 'up'; readonly notice?: string } | { readonly status: 'down'; readonly reason: string }
    >
  >
}

type Outcome = { readonly reason: string | undefined; readonly notice?: string | undefined }
type Known = Outcome & { readonly at: number }
type Running = { readonly end: Promise<Known>; readonly since: number }
type Part = { known?: Known; running?: Running }

/**
 * Makes the question whether every part works. The parts are asked side by side, each at most once while its last
 * answer holds ({@link freshFor}) and never while it has not answered yet, whoever asks and however often. What changes is logged.
 *
 * @param checks looked up at each question: parts may be added later
 */
export function openReadiness(
  checks: Readonly<Record<string, HealthCheck>>,
  logger: Pick<Logger, 'info' | 'warn'>,
): () => Promise<Readiness> {
  const parts = new Map<string, Part>()

  async function ask(name: string, check: HealthCheck): Promise<Known> {
    const part = parts.get(name) ?? {}
    parts.set(name, part)
    if (part.known !== undefined && isFresh(part.known)) return part.known
    if (part.running === undefined || performance.now() - part.running.since > abandonedAfter)
      part.running = begin(name, part, check)
    const known = await orLate(part.running.end)
    learn(name, part, known)
    return known
  }

  function begin(name: string, part: Part, check: HealthCheck): Running {
    const end = outcomeOf(check).then((outcome) => {
      const known = { ...outcome, at: performance.now() }
      if (part.running === running) delete part.running
      learn(name, part, known)
      return known
    })
    const running = { end, since: performance.now() }
    return running
  }

  function learn(name: string, part: Part, known: Known): void {
    const before = part.known
    part.known = known
    if (known.reason !== undefined && known.reason !== before?.reason)
      logger.warn({ check: name, reason: known.reason }, 'a part of the service is down')
    if (known.notice !== undefined && known.notice !== before?.notice)
      logger.warn({ check: name, notice: known.notice }, 'a part of the service works, and somebody should see to it')
    if (known.reason === undefined && before?.reason !== undefined)
      logger.info({ check: name }, 'a part of the service is up again')
  }

  return async () => {
    const answers = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        const { reason, notice } = await ask(name, check)
        if (reason !== undefined) return [name, { status: 'down', reason }] as const
        return [name, { status: 'up', ...(notice !== undefined && { notice }) }] as const
      }),
    )
    const status = answers.every(([, answer]) => answer.status === 'up') ? 'up' : 'down'
    return { status, checks: Object.fromEntries(answers) as Readiness['checks'] }
  }
}

/**
 * Who sees the parts and their reasons: everyone where the setting says so, else whoever presents the operator's token.
 */
export function mayKnowDetails({
  healthDetails,
  operatorToken,
}: Pick<Settings, 'healthDetails' | 'operatorToken'>): (request: FastifyRequest) => boolean {
  if (healthDetails === 'everyone') return () => true
  if (operatorToken === undefined) return () => false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(operatorToken)
  return ({ headers }) => timingSafeEqual(digest(bearerTokens(headers.authorization).apiToken ?? ''), expected)
}

/**
 * Serves `/health/live` (this process answers) and `/health/ready` (200 when every part works, else 503). What is down,
 * and why, is answered only to those who may know.
 */
export function registerHealth(
  fastify: FastifyInstance,
  readiness: () => Promise<Readiness>,
  mayKnow: (request: FastifyRequest) => boolean,
): void {
  fastify.get('/health/live', { config: { access: 'everybody', isProbe: true } }, async () => ({ status: 'up' }))
  fastify.get('/health/ready', { config: { access: 'everybody', isProbe: true } }, async (request, reply) => {
    const answer = await readiness()
    const { status } = answer
    return reply.code(status === 'up' ? 200 : 503).send(mayKnow(request) ? answer : { status })
  })
}

function isFresh({ reason, at }: Known): boolean {
  return performance.now() - at < (reason === undefined ? freshFor.up : freshFor.down)
}

async function outcomeOf(check: HealthCheck): Promise<Outcome> {
  try {
    const answer = await check()
    return { reason: undefined, notice: typeof answer === 'string' ? answer : undefined }
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string }
    return { reason: code === undefined ? message : `${code}: ${message}` }
  }
}

async function orLate(end: Promise<Known>): Promise<Known> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Known>((resolve) => {
    const reason = `no answer within ${checkTimeout} ms`
    timer = setTimeout(() => resolve({ reason, at: performance.now() }), checkTimeout)
  })
  try {
    return await Promise.race([end, late])
  } finally {
    clearTimeout(timer)
  }
}
