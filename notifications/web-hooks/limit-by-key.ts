/** Lets only so many through at once under each key. */
export type LimitByKey = {
  /** @returns what gives the place back; `undefined` when there is none now */
  readonly enter: (key: string) => (() => void) | undefined
}

/** @param most at once under one key */
export function limitByKey(most: number): LimitByKey {
  const inside = new Map<string, number>()
  return {
    enter(key) {
      const count = inside.get(key) ?? 0
      if (count >= most) return undefined
      inside.set(key, count + 1)
      let isGiven = false
      return () => {
        if (isGiven) return
        isGiven = true
        const left = (inside.get(key) ?? 1) - 1
        if (left === 0) inside.delete(key)
        else inside.set(key, left)
      }
    },
  }
}
