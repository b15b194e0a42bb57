import { setImmediate } from 'node:timers/promises'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../fuzz/target.ts'

/** A target that goes wrong at certain seeds, each time in another way. */
export const target: FuzzTarget = {
  name: 'faulty',
  run: (request) =>
    fuzzInputs(request, async (_random, seed) => {
      if (seed === 12) throw new FuzzFailure(seed, Buffer.from('input'), 'it does not hold')
      if (seed === 22) process.exit(3)
      if (seed === 32) {
        queueMicrotask(() => {
          throw new Error('thrown later')
        })
        await new Promise(() => undefined)
      }
      while (seed === 42);
      // As a connection does that nobody ends.
      if (seed === 52) await new Promise(() => setInterval(() => undefined, 60_000))
      await setImmediate()
      return 'accepted'
    }),
}
