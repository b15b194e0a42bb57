/** Runs one piece of work at a time, in the order in which they were asked for. */
export type OneAtATime = <Result>(work: () => Promise<Result>) => Promise<Result>

/**
 * Makes a queue of its own. What fails rejects the promise of whoever asked for it, and does not hold up those behind it.
 * It needs neither clock nor timers, so that workflows use it as well as everything outside of their sandbox.
 */
export function oneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
}
