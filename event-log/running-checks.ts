/** Checks that run while more of a log is read. */
export type RunningChecks = {
  /** One more; nothing where there is nothing to wait for. */
  readonly add: (check: Promise<unknown> | undefined) => void
  /** Calls `conclude` with whether a signature is right. Those that wait for the same signature are called together. */
  readonly afterSignature: (isRight: Promise<boolean>, conclude: (isRight: boolean) => void) => void
  /** Waits while there are too many; `undefined` when nobody need wait. */
  readonly room: () => Promise<void> | undefined
  /** Waits for all of them. @throws what one of them failed with */
  readonly end: () => Promise<void>
}

/** @param most so many may run before somebody must wait */
export function runningChecks(most: number): RunningChecks {
  const waiting = new Map<Promise<boolean>, ((isRight: boolean) => void)[]>()
  let running = 0
  let ended: PromiseWithResolvers<void> | undefined
  let failure: unknown

  function end(count: number): void {
    running -= count
    ended?.resolve()
    ended = undefined
  }

  function fail(error: unknown): void {
    failure ??= error
  }

  async function untilFewer(than: number): Promise<void> {
    while (running >= than) {
      ended ??= Promise.withResolvers()
      await ended.promise
    }
  }

  return {
    add(check) {
      if (check === undefined) return
      running += 1
      check.catch(fail).finally(() => end(1))
    },
    afterSignature(isRight, conclude) {
      running += 1
      const others = waiting.get(isRight)
      if (others !== undefined) {
        others.push(conclude)
        return
      }
      const all = [conclude]
      waiting.set(isRight, all)
      isRight
        // Before they are called: who comes later than this is called by itself.
        .finally(() => waiting.delete(isRight))
        .then((right) => {
          for (const each of all) each(right)
        })
        .catch(fail)
        .finally(() => end(all.length))
    },
    room: () => (running >= most ? untilFewer(most) : undefined),
    async end() {
      await untilFewer(1)
      if (failure !== undefined) throw failure
    },
  }
}
