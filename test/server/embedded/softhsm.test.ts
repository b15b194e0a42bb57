import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { findSoftHsm, type PreparedSoftHsm, prepareSoftHsm } from '../../../server/embedded/softhsm.ts'
import { openToken, type Token } from '../../../signing/pkcs11/index.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const child = fileURLToPath(new URL('../../support/prepare-softhsm-child.ts', import.meta.url))

async function opened({ configPath, ...token }: PreparedSoftHsm): Promise<Token> {
  const open = await openToken({ ...token, softHsmConfigPath: configPath })
  onTestFinished(() => open.close())
  return open
}

/** Whether somebody who did not start it could find the PIN in a folder, and in which files. */
async function filesWith(text: string, folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const found = await Promise.all(files.map(async (file) => ((await readFile(file)).includes(text) ? [file] : [])))
  return found.flat()
}

test('the first start makes a token with random PINs that only its owner can read', async () => {
  const [dataDirectory, another] = [temporaryFolder(), temporaryFolder()]
  const prepared = await prepareSoftHsm({ dataDirectory })
  const pins = join(dataDirectory, 'softhsm', 'pins.json')
  expect((await stat(pins)).mode & 0o777).toBe(0o600)
  expect((await stat(join(dataDirectory, 'softhsm'))).mode & 0o777).toBe(0o700)
  expect(await filesWith(prepared.pin, dataDirectory)).toEqual([pins])
  expect((await prepareSoftHsm({ dataDirectory: another })).pin).not.toBe(prepared.pin)
  expect((await opened(prepared)).identity.label).toBe(prepared.tokenLabel)
})

test('later starts find the same token, with its keys', async () => {
  const dataDirectory = temporaryFolder()
  const first = await prepareSoftHsm({ dataDirectory })
  const token = await opened(first)
  const key = await token.generateKey({ id: Buffer.of(1), label: 'kept', algorithm: 'ec-p256' })
  await token.close()
  expect(await prepareSoftHsm({ dataDirectory })).toEqual(first)
  expect(await (await opened(first)).findKey(Buffer.of(1))).toMatchObject({ publicKey: key.publicKey })
})

test('a data directory can be moved', async () => {
  const folder = temporaryFolder()
  const before = await prepareSoftHsm({ dataDirectory: join(folder, 'before') })
  await rename(join(folder, 'before'), join(folder, 'after'))
  const after = await prepareSoftHsm({ dataDirectory: join(folder, 'after') })
  expect(after.pin).toBe(before.pin)
  expect((await opened(after)).identity.label).toBe('countersign')
})

test('a first start that is killed at any moment leaves nothing that a second one stumbles over', async () => {
  for (let step = 0; step < 6; step++) {
    const dataDirectory = temporaryFolder()
    const making = fork(child, [dataDirectory], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const ended = once(making, 'exit')
    await once(making, 'message')
    // After the n-th change below the data directory, wherever that happens to be.
    const changes = new Set<string>()
    while (making.exitCode === null && changes.size < step) {
      for (const name of await readdir(dataDirectory, { recursive: true }).catch(() => [])) changes.add(name)
    }
    making.kill('SIGKILL')
    await ended
    const token = await opened(await prepareSoftHsm({ dataDirectory }))
    expect(token.identity.label).toBe('countersign')
    await token.close()
    expect(await readdir(dataDirectory)).toEqual(['softhsm'])
  }
})

test('what a killed first start leaves behind is removed', async () => {
  const dataDirectory = temporaryFolder()
  await mkdir(join(dataDirectory, '.softhsm-half-made', 'tokens'), { recursive: true })
  await writeFile(join(dataDirectory, '.softhsm-half-made', 'pins.json'), '{')
  await prepareSoftHsm({ dataDirectory })
  expect(await readdir(dataDirectory)).toEqual(['softhsm'])
})

test('of several processes that start at once all end up with the same token', async () => {
  const dataDirectory = temporaryFolder()
  const answers = await Promise.all(
    [1, 2, 3].map(async () => {
      const starting = fork(child, [dataDirectory], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      const ended = once(starting, 'exit')
      await once(starting, 'message')
      const [answer] = await once(starting, 'message')
      await ended
      return answer
    }),
  )
  expect(answers).toEqual(Array(3).fill(await prepareSoftHsm({ dataDirectory })))
  expect(await readdir(dataDirectory)).toEqual(['softhsm'])
})

test('a damaged token is never replaced by a new one, and its PINs are not shown', async () => {
  const dataDirectory = temporaryFolder()
  await prepareSoftHsm({ dataDirectory })
  const pins = join(dataDirectory, 'softhsm', 'pins.json')
  const content = await readFile(pins, 'utf8')
  for (const damage of [
    () => writeFile(pins, content.slice(0, -5)),
    () => writeFile(pins, '{"pin":"hunter2"}'),
    () => rm(pins),
  ]) {
    await damage()
    const error = await prepareSoftHsm({ dataDirectory }).catch((failure) => failure)
    expect(error).toMatchObject({ code: 'SOFTHSM_TOKEN_DAMAGED' })
    expect(`${error.message}${error.stack}${error.cause}`).not.toMatch(/hunter2|soPin":/)
    await writeFile(pins, content)
  }
  await rm(join(dataDirectory, 'softhsm', 'tokens'), { recursive: true })
  await expect(prepareSoftHsm({ dataDirectory })).rejects.toMatchObject({ code: 'SOFTHSM_TOKEN_DAMAGED' })
})

test('a missing SoftHSM2 is reported with what to install', async () => {
  const folder = temporaryFolder()
  await expect(findSoftHsm(join(folder, 'none.so'))).rejects.toMatchObject({
    code: 'SOFTHSM_NOT_FOUND',
    message: expect.stringContaining('apt-get install softhsm2'),
  })
  await expect(prepareSoftHsm({ dataDirectory: folder, modulePath: join(folder, 'none.so') })).rejects.toMatchObject({
    code: 'SOFTHSM_NOT_FOUND',
  })
  expect(await readdir(folder)).toEqual([])
})

test('a data directory whose path SoftHSM2 would cut off is refused', async () => {
  for (const name of ['a#b', 'a=b', 'a\nb', 'long/'.repeat(180)]) {
    const dataDirectory = join(temporaryFolder(), name)
    await expect(prepareSoftHsm({ dataDirectory })).rejects.toMatchObject({ code: 'SOFTHSM_DATA_DIRECTORY_UNUSABLE' })
  }
})

test('a data directory with blanks, quotes and umlauts in its path is fine', async () => {
  const prepared = await prepareSoftHsm({ dataDirectory: join(temporaryFolder(), 'a b  c "d" ä') })
  expect((await opened(prepared)).identity.label).toBe('countersign')
})
