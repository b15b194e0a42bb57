import { Context } from '@temporalio/activity'

/** Shorter than a third of the heartbeat time-out that the workflows set. */
const intervalMilliseconds = 2_500

/**
 * Runs a long activity's body: heartbeats as long as it runs, and hands it the signal that ends it when the workflow
 * calls it off or the worker shuts down.
 */
export async function withHeartbeat<Result>(body: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const context = Context.current()
  const timer = setInterval(() => context.heartbeat(), intervalMilliseconds)
  try {
    return await body(context.cancellationSignal)
  } catch (error) {
    // An abort is how a cancellation arrives in library code; Temporal knows it by its own error.
    if (context.cancellationSignal.aborted) await context.cancelled
    throw error
  } finally {
    clearInterval(timer)
  }
}
