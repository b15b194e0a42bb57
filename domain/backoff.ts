/** How the pauses between tries grow, in milliseconds: from the first, doubled with each failure, up to the longest. */
export type Backoff = { readonly first: number; readonly longest: number }

/**
 * The pause before the next try, in milliseconds. It follows from the arguments alone, so that workflows can replay it.
 *
 * @param failures how often it has failed in a row, this time included
 * @param random from 0 to 1, where several that failed at the same moment must not try again at the same moment: the pause is
 *   then between half of the full one and all of it
 */
export function pauseAfter({ first, longest }: Backoff, failures: number, random = 1): number {
  return Math.min(first * 2 ** (failures - 1), longest) * (0.5 + random / 2)
}
