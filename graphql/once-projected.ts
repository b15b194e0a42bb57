import type { LogPosition } from '../event-log/index.ts'
import type { GraphQLContext } from './context.ts'

/** How long an answer waits so that who asks next without a position finds the change, in milliseconds. */
const projectionWaitMs = 1_000

/**
 * What a change answers, when the read model shows it. The change is made, whether that is so in time or not: then the
 * position in the answer helps.
 */
export async function onceProjected<Changed extends { readonly position: LogPosition }>(
  { readModel, readModelTimeoutMs, stopping }: Pick<GraphQLContext, 'readModel' | 'readModelTimeoutMs' | 'stopping'>,
  change: Promise<Changed>,
): Promise<Changed> {
  const changed = await change
  const timeoutMs = Math.min(projectionWaitMs, readModelTimeoutMs)
  await readModel.waitFor(changed.position, { timeoutMs, signal: stopping }).catch(() => undefined)
  return changed
}
