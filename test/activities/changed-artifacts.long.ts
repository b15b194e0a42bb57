import { expect, test } from 'vitest'
import { attacks, scene } from '../support/changed-artifacts.ts'
import { silenceWorkers } from '../support/temporal.ts'

silenceWorkers()

test.each([1_000_000, 20_000_000, 150_000_000])(
  'of a program of %d bytes the key signs the planned bytes or nothing, whenever the file is changed, and how',
  { timeout: 3_600_000 },
  async (size) => {
    const { sign, stored, foreign } = await scene(size)
    const { signed: planned, moments } = await sign(() => undefined)
    expect(planned).toHaveLength(1)
    for (const [way, attack] of Object.entries(attacks))
      for (const [at, name] of moments.entries()) {
        const { code, signed } = await sign((_, index) => (index === at ? attack(stored, foreign) : undefined))
        expect(signed, `${way} before ${name}: ${code}`).toEqual(code === undefined ? planned : [])
      }
  },
)
