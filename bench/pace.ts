/** How long work takes, in milliseconds. */
export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/**
 * How often in a second work is done that several do at once.
 *
 * @param options.count how often it is done in all
 * @param options.times gets how long each took, in milliseconds
 */
export async function perSecond(
  work: () => Promise<unknown>,
  { count, atOnce, times = [] }: { readonly count: number; readonly atOnce: number; readonly times?: number[] },
): Promise<number> {
  let left = count
  const all = await milliseconds(() =>
    Promise.all(
      Array.from({ length: Math.min(atOnce, count) }, async () => {
        while (left > 0) {
          left -= 1
          times.push(await milliseconds(work))
        }
      }),
    ),
  )
  return (count * 1_000) / all
}
