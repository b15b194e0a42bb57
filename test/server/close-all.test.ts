import { expect, test } from 'vitest'
import { closeAll } from '../../server/close-all.ts'

test('parts are closed once, the last first, and one that fails keeps none of the others open', async () => {
  const closed: string[] = []
  const logged: object[] = []
  const failure = new Error('failed')
  const closers = ['log', 'temporal', 'facts'].map((name) => async () => {
    closed.push(name)
    if (name === 'facts') throw failure
  })
  const logger = { error: (fields: object) => void logged.push(fields) }
  await closeAll(closers, logger)
  await closeAll(closers, logger)
  expect(closed).toEqual(['facts', 'temporal', 'log'])
  expect(logged).toEqual([{ err: failure }])
})
