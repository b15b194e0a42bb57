/** The middle of figures, the upper one of two; `NaN` of none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The least of those figures that stand above a share of all of them: of the largest hundredth with 0.99; `NaN` of none. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN
}
