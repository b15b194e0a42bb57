import { setTimeout as timer } from 'node:timers/promises'

/** Waits some milliseconds; ends early, without an error, when the signal is aborted. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return
  await timer(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
}
