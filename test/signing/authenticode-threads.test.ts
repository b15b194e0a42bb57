import { open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type SignPeFileRequest, signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = suiteFolder()
const large = join(folder, 'large.exe')
let signer: TestIdentity
let passes: FilePasses

beforeAll(async () => {
  signer = await makeIdentity(folder, 'rsa-2048')
  await writeFile(large, buildPe({ format: 'PE32+', overlay: 20 * 1024 * 1024 + 3 }).bytes)
})
beforeEach(() => {
  passes = new FilePasses(2)
})
afterEach(() => passes.close())

function request(outputPath: string, change: Partial<SignPeFileRequest> = {}): SignPeFileRequest {
  return {
    inputPath: large,
    outputPath,
    key: signer.key,
    certificateChain: signer.chain,
    hashAlgorithm: 'sha256',
    passes,
    ...change,
  }
}

test('a thread makes the same file as this one would, wherever the header fields and the end lie', async () => {
  const work = temporaryFolder()
  const [inputPath, here, there] = [join(work, 'in.exe'), join(work, 'here.exe'), join(work, 'there.exe')]
  const block = 256 * 1024
  for (const peOffset of [0x80, 6 * block - 24 - 64, 6 * block - 24 - 112 - 36])
    for (const overlay of [8 * block, 8 * block - 1024, 9 * block + 5]) {
      await writeFile(inputPath, buildPe({ format: 'PE32+', peOffset, overlay }).bytes)
      const { passes: _passes, ...alone } = request(here, { inputPath })
      const own = await signPeFile(alone)
      expect(await signPeFile(request(there, { inputPath }))).toEqual({ ...own, imageDigest: expect.anything() })
      expect((await readFile(there)).equals(await readFile(here)), `PE header at ${peOffset}`).toBe(true)
      expect(await osslsigncodeVerify(there, signer.rootFile)).toMatchObject({ ok: true })
    }
})

test('more files than threads are all signed, small ones among them', async () => {
  const work = temporaryFolder()
  const small = join(folder, 'small.exe')
  await writeFile(small, buildPe({ format: 'PE32' }).bytes)
  const outputs = Array.from({ length: 9 }, (_, index) => join(work, `${index}.exe`))
  await Promise.all(
    outputs.map((output, index) => signPeFile(request(output, { inputPath: index % 3 === 0 ? small : large }))),
  )
  for (const path of outputs) expect(await verifyPeFile({ path })).toHaveLength(1)
})

test('it tells how far it has come, and a failing listener ends it', async () => {
  const work = temporaryFolder()
  const seen: number[] = []
  await signPeFile(request(join(work, 'out.exe'), { onProgress: ({ done, total }) => seen.push(done / total) }))
  expect(seen.length).toBeGreaterThan(3)
  expect(seen).toEqual(seen.toSorted((one, other) => one - other))
  const failure = new Error('nobody listens')
  const failing = request(join(work, 'other.exe'), {
    onProgress: () => {
      throw failure
    },
  })
  await expect(signPeFile(failing)).rejects.toBe(failure)
  expect(await readdir(work)).toEqual(['out.exe'])
})

test('an abort ends it with its reason and leaves nothing, and the thread goes on with the next file', async () => {
  const work = temporaryFolder()
  const reason = new Error('cancelled')
  const abort = new AbortController()
  const aborted = request(join(work, 'out.exe'), { signal: abort.signal, onProgress: () => abort.abort(reason) })
  await expect(signPeFile(aborted)).rejects.toBe(reason)
  expect(await readdir(work)).toEqual([])
  await signPeFile(request(join(work, 'out.exe')))
  expect(await verifyPeFile({ path: join(work, 'out.exe') })).toHaveLength(1)
})

test('a file that shrinks meanwhile gets its code, FILE_TRUNCATED, and leaves nothing', async () => {
  const work = temporaryFolder()
  const inputPath = join(temporaryFolder(), 'in.exe')
  // A sparse file of this size takes the thread much longer than one progress message takes to arrive here.
  await writeFile(inputPath, buildPe({ format: 'PE32+' }).bytes)
  const file = await open(inputPath, 'r+')
  await file.truncate(400_000_000)
  const shrinking = request(join(work, 'out.exe'), { inputPath, onProgress: () => void file.truncate(1024 * 1024) })
  await expect(signPeFile(shrinking)).rejects.toMatchObject({ code: 'FILE_TRUNCATED' })
  await file.close()
  expect(await readdir(work)).toEqual([])
})

test('closed threads fail what is under way and what comes later, and leave nothing', async () => {
  const work = temporaryFolder()
  const running = [1, 2, 3].map((index) => signPeFile(request(join(work, `${index}.exe`))))
  const failed = { name: 'SigningError', code: 'FILE_PASS_FAILED', transient: true }
  const started = Promise.allSettled(running)
  await passes.close()
  for (const outcome of await started) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(failed)
  await expect(signPeFile(request(join(work, 'late.exe')))).rejects.toMatchObject(failed)
  expect((await readdir(work)).filter((name) => name.includes('partial') || name === 'late.exe')).toEqual([])
})
