/** Random choices that can be made again: the same seed gives the same sequence. */
export type SeededRandom = {
  /** A number from 0 to below `end`. */
  readonly below: (end: number) => number
  readonly oneOf: <T>(choices: readonly T[]) => T
}

/** Mulberry32, a generator of 32 bits: good enough for choosing, and short. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0
  function below(end: number): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
  }
  return {
    below,
    oneOf(choices) {
      const chosen = choices[below(choices.length)]
      if (chosen === undefined) throw new Error('There is nothing to choose from')
      return chosen
    },
  }
}
