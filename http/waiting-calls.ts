import { Refusal } from '../domain/index.ts'

/** Counts calls that wait for something to happen: long polls, and streams of events. Each holds a connection, and costs with every event. */
export type WaitingCalls = {
  /**
   * Counts a call of a user until it says that it waits no more. To say so twice is as to say so once.
   *
   * @returns says so
   * @throws Refusal `TOO_MANY_WAITING_CALLS`, with `retryAfterSeconds` in its details
   */
  readonly enter: (user: { readonly userId: string }) => () => void
}

/** Makes the counters of one process. @param perUser how many a user may have at once, by whichever tokens */
export function countWaitingCalls(perUser: number): WaitingCalls {
  const waiting = new Map<string, number>()
  return {
    enter({ userId }) {
      const present = waiting.get(userId) ?? 0
      if (present >= perUser) throw tooMany(perUser)
      waiting.set(userId, present + 1)
      let hasLeft = false
      return () => {
        if (hasLeft) return
        hasLeft = true
        const left = (waiting.get(userId) ?? 1) - 1
        if (left === 0) waiting.delete(userId)
        else waiting.set(userId, left)
      }
    },
  }
}

/** Waits until all that enter through it have left: before connections are closed, their answers are to be given. */
export function leavingCalls(calls: WaitingCalls): WaitingCalls & {
  /** Resolves when nobody waits, and after `atMostMs` in any case. */
  readonly left: (atMostMs: number) => Promise<void>
} {
  let open = 0
  let someLeft = Promise.withResolvers<void>()
  return {
    enter(user) {
      const leave = calls.enter(user)
      open += 1
      let hasLeft = false
      return () => {
        leave()
        if (hasLeft) return
        hasLeft = true
        open -= 1
        someLeft.resolve()
        someLeft = Promise.withResolvers()
      }
    },
    async left(atMostMs) {
      const isLate = AbortSignal.timeout(atMostMs)
      const late = new Promise<void>((resolve) => isLate.addEventListener('abort', () => resolve(), { once: true }))
      while (open > 0 && !isLate.aborted) await Promise.race([someLeft.promise, late])
    },
  }
}

function tooMany(perUser: number): Refusal {
  const retryAfterSeconds = 5
  return new Refusal(
    'TOO_MANY_WAITING_CALLS',
    `${perUser} calls of this user wait already (long polls, and streams of events), and no more may at once. End some, follow several requests by one stream, or try again in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  )
}
