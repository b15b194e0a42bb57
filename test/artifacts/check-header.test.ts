import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { checkHeader, createSigningPlan, openFolderStore } from '../../artifacts/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { signatureFormats } from '../../signing/formats.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { aSubmission } from '../support/submission.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** The code that work ends with, or `undefined`. */
async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: { code?: string }) => error.code ?? String(error),
  )
}

const existingSignatures = 'replace'
const program = smallPeFile(randomBytes(2000))

it('finds in the first bytes of a file what planning would refuse it for, and nothing else', async () => {
  const store = await openFolderStore({ path: temporaryFolder(), maximumSize: 1_000_000 })
  const passes = new FilePasses(1)
  onTestFinished(async () => {
    await passes.close()
    await store.close()
  })
  async function plan(bytes: Uint8Array) {
    async function* whole() {
      yield bytes
    }
    const artifact = { fileName: 'setup.exe', ...(await store.put(whole())) }
    return createSigningPlan({
      request: { ...aSubmission(), artifact },
      certificateThumbprint: 'cd'.repeat(32),
      keyAlgorithm: 'ec-p256',
      formats: signatureFormats,
      store,
      passes,
    })
  }
  const seen = new Map<string, number>()
  const mutation = fc.record({ at: fc.integer({ min: 0, max: 0x200 }), value: fc.integer({ min: 0, max: 255 }) })
  const file = fc.record({
    mutations: fc.array(mutation, { maxLength: 3 }),
    size: fc.oneof(fc.constant(program.length), fc.integer({ min: 1, max: program.length })),
    given: fc.integer({ min: 0, max: program.length }),
  })
  await fc.assert(
    fc.asyncProperty(file, async ({ mutations, size, given }) => {
      const bytes = Uint8Array.from(program.subarray(0, size))
      for (const { at, value } of mutations) if (at < size) bytes[at] = value
      const planned = await codeOf(plan(bytes))
      const firstBytes = bytes.subarray(0, given)
      const found = await codeOf(
        checkHeader(signatureFormats, { fileName: 'setup.exe', size, firstBytes, existingSignatures }),
      )
      if (found !== undefined) expect(found).toBe(planned)
      // Of a file that is there as a whole, every fault of its headers is found.
      expect(
        await codeOf(
          checkHeader(signatureFormats, { fileName: 'setup.exe', size, firstBytes: bytes, existingSignatures }),
        ),
      ).toBe(planned)
      seen.set(found ?? 'nothing', (seen.get(found ?? 'nothing') ?? 0) + 1)
    }),
    { numRuns: 400 },
  )
  expect(seen.size).toBeGreaterThan(3)
})

it('names the file, and finds a program for DOS in its first 64 bytes', async () => {
  const firstBytes = Buffer.alloc(128)
  firstBytes.write('MZ', 'latin1')
  await expect(
    checkHeader(signatureFormats, { fileName: 'game.exe', size: 1_000_000, existingSignatures, firstBytes }),
  ).rejects.toMatchObject({
    code: 'FORMAT_NOT_SUPPORTED',
    path: ['game.exe'],
  })
  await checkHeader(signatureFormats, {
    fileName: 'game.exe',
    size: 1_000_000,
    existingSignatures,
    firstBytes: firstBytes.subarray(0, 1),
  })
  await checkHeader(signatureFormats, {
    fileName: 'game.exe',
    size: 1_000_000,
    existingSignatures,
    firstBytes: new Uint8Array(),
  })
})

it('finds in the headers that a file is signed, where such files are refused', async () => {
  const signed = Buffer.from(program)
  // Entry 4 of the data directories: where the table of signatures would be, behind what is given.
  signed.writeUInt32LE(program.length, 0x128)
  signed.writeUInt32LE(2000, 0x12c)
  const file = { fileName: 'setup.exe', size: program.length + 2000, firstBytes: signed.subarray(0, 0x400) }
  await expect(checkHeader(signatureFormats, { ...file, existingSignatures: 'refuse' })).rejects.toMatchObject({
    code: 'FILE_ALREADY_SIGNED',
    path: ['setup.exe'],
  })
  await checkHeader(signatureFormats, { ...file, existingSignatures: 'append' })
  await checkHeader(signatureFormats, { ...file, existingSignatures: 'replace' })
  const unsigned = { ...file, size: program.length, firstBytes: program.subarray(0, 0x400) }
  await checkHeader(signatureFormats, { ...unsigned, existingSignatures: 'refuse' })
})
