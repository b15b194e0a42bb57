import type { FastifyInstance } from 'fastify'

/** Says whether one part of the service works: resolves, or throws the reason why not. */
export type HealthCheck = () => Promise<void>

/** How long one check may take, in milliseconds; a part that does not answer is down. */
const checkTimeout = 3_000

/** What `/health/ready` answers. */
export type Readiness = {
  readonly status: 'up' | 'down'
  readonly checks: Readonly<Record<string, { readonly status: 'up' | 'down'; readonly reason?: string }>>
}

/** Asks every part, side by side. */
export async function readiness(checks: Readonly<Record<string, HealthCheck>>): Promise<Readiness> {
  const answers = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const reason = await failureOf(check)
      return [name, reason === undefined ? { status: 'up' } : { status: 'down', reason }] as const
    }),
  )
  const status = answers.every(([, answer]) => answer.status === 'up') ? 'up' : 'down'
  return { status, checks: Object.fromEntries(answers) as Readiness['checks'] }
}

/**
 * Serves `/health/live` (this process answers) and `/health/ready` (200 when every part works, else 503, naming what is
 * down and why).
 */
export function registerHealth(fastify: FastifyInstance, checks: Readonly<Record<string, HealthCheck>>): void {
  fastify.get('/health/live', async () => ({ status: 'up' }))
  fastify.get('/health/ready', async (_request, reply) => {
    const answer = await readiness(checks)
    return reply.code(answer.status === 'up' ? 200 : 503).send(answer)
  })
}

async function failureOf(check: HealthCheck): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${checkTimeout} ms`)), checkTimeout)
  })
  try {
    await Promise.race([check(), late])
    return undefined
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string }
    return code === undefined ? message : `${code}: ${message}`
  } finally {
    clearTimeout(timer)
  }
}
