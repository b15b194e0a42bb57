import { expect, it } from 'vitest'
import { runningChecks } from '../../event-log/running-checks.ts'

it('concludes each check of a signature once, whenever it comes', async () => {
  const checks = runningChecks(10)
  const isRight = Promise.resolve(true)
  const concluded: string[] = []
  const check = (name: string) => checks.afterSignature(isRight, () => concluded.push(name))
  check('first')
  check('together with the first')
  const turns = Array.from({ length: 8 }, (_, turn) => turn)
  for (const turn of turns) {
    await undefined
    check(`after turn ${turn}`)
  }
  await checks.end()
  expect(concluded.toSorted()).toEqual(
    ['first', 'together with the first', ...turns.map((turn) => `after turn ${turn}`)].toSorted(),
  )
})
