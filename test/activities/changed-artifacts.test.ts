import { expect, test } from 'vitest'
import { attacks, type Scene, scene } from '../support/changed-artifacts.ts'
import { silenceWorkers } from '../support/temporal.ts'

silenceWorkers()

/** What the planned program's signature gives the key to sign, and the moments on the way. */
async function undisturbed({ sign }: Scene) {
  const { code, signed, moments } = await sign(() => undefined)
  expect(code).toBeUndefined()
  expect(signed).toHaveLength(1)
  return { digest: signed[0] as string, moments }
}

/** The codes with which a signer gives up: the request waits or fails, and nothing is signed. */
const refusals = ['ARTIFACT_CHANGED', 'ARTIFACT_CORRUPT', 'ARTIFACT_MISMATCH', 'ARTIFACT_NOT_FOUND']

test('whatever becomes of the stored file, and whenever, the key signs the planned bytes or nothing', async () => {
  const changing = await scene(1_000_000)
  const { sign, stored, foreign } = changing
  const { digest, moments } = await undisturbed(changing)
  expect(moments).toContain('key is about to be used')
  const ways = Object.entries(attacks)
  const codes = new Set<string | undefined>()
  // Each moment meets one of the attacks, and each attack moments of every kind.
  for (const [at, name] of moments.entries()) {
    const [way, attack] = ways[at % ways.length] as (typeof ways)[number]
    const { code, signed } = await sign((_, index) => (index === at ? attack(stored, foreign) : undefined))
    if (code !== undefined) expect(refusals, `${way} before ${name}`).toContain(code)
    expect(signed, `${way} before ${name}`).toEqual(code === undefined ? [digest] : [])
    codes.add(code)
  }
  // Before the file was read, the change is seen; afterwards it does not matter.
  expect(codes).toContain(undefined)
  expect(codes.size).toBeGreaterThan(2)
})

test.each(Object.entries(attacks))(
  'so it is when the file is %s before it is read, and while it is',
  async (_, attack) => {
    const changing = await scene(9_000_000)
    const { sign, stored, foreign } = changing
    const { digest, moments } = await undisturbed(changing)
    for (const when of ['store.open', 'store.open has answered', 'passes.read', 'passes.read is under way']) {
      expect(moments).toContain(when)
      let done = false
      const { code, signed } = await sign(async (name) => {
        if (name !== when || done) return
        done = true
        await attack(stored, foreign)
      })
      expect(done).toBe(true)
      if (code !== undefined) expect(refusals, when).toContain(code)
      expect(signed, when).toEqual(code === undefined ? [digest] : [])
    }
  },
)
