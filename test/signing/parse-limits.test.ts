import { afterAll, expect, test } from 'vitest'
import { FilePasses } from '../../signing/file-passes/index.ts'

const passes = new FilePasses(1, { milliseconds: 1_000, mebibytes: 24 })
afterAll(() => passes.close())
const module = new URL('../support/hostile-parse.ts', import.meta.url).href

test.each(['endless', 'growing'])('reading of an %s structure is ended, and the next is read', async (kind) => {
  await expect(passes.work({ module, parameters: kind })).rejects.toMatchObject({
    name: 'SigningError',
    code: 'FILE_PARSE_LIMIT',
    transient: false,
  })
  expect(await passes.work({ module, parameters: 'sound' })).toBe('sound: read')
})

test('what a busy machine takes to load the reader does not count', async () => {
  const slow = new URL('../support/slow-to-load.ts', import.meta.url).href
  expect(await passes.work({ module: slow, parameters: 'sound' })).toBe('sound: read')
})
