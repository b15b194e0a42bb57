import { describe, expect, test } from 'vitest'
import { attacks, scene } from '../support/changed-artifacts.ts'
import { silenceWorkers } from '../support/temporal.ts'

silenceWorkers()

describe.each([1_000_000, 20_000_000, 150_000_000])('of a program of %d bytes that is', (size) => {
  test.each(Object.entries(attacks))(
    '%s, the key signs the planned bytes or nothing, whenever it happens',
    { timeout: 3_600_000 },
    async (way, attack) => {
      const { sign, stored, foreign } = await scene(size)
      const { signed: planned, moments } = await sign(() => undefined)
      expect(planned).toHaveLength(1)
      for (const [at, name] of moments.entries()) {
        const { code, signed } = await sign((_, index) => (index === at ? attack(stored, foreign) : undefined))
        expect(signed, `${way} before ${name}: ${code}`).toEqual(code === undefined ? planned : [])
      }
    },
  )
})
