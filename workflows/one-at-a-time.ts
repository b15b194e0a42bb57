/** Runs one piece of work at a time, in the order in which they were asked for. */
export type OneAtATime = <Result>(work: () => Promise<Result>) => Promise<Result>

/** Makes a queue of its own. What fails is its caller's matter and does not hold up those behind it. */
export function oneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
}
