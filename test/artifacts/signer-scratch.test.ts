import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openFolderStore, openSignerScratch, planOnCopies } from '../../artifacts/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { signatureFormats } from '../../signing/formats.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { aSubmission } from '../support/submission.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function* stream(bytes: Uint8Array) {
  yield bytes
}

/** An artifact store and a scratch folder beside it. */
async function folders() {
  const folder = temporaryFolder()
  const outside = join(folder, 'artifacts')
  const store = await openFolderStore({ path: outside, maximumSize: 1_000_000 })
  onTestFinished(() => store.close())
  return { folder, outside, store, path: join(folder, 'scratch') }
}

const permissions = (path: string) => statSync(path).mode & 0o777

function everythingBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !name.endsWith('.lock'))
}

test('the folders and the copies in them are for the signer alone, whatever the umask, and go with the step', async () => {
  const { outside, store, path } = await folders()
  const passes = new FilePasses(1)
  const umask = process.umask(0)
  onTestFinished(async () => {
    process.umask(umask)
    await passes.close()
  })
  const scratch = await openSignerScratch({ path, outside })
  onTestFinished(() => scratch.close())
  const bytes = smallPeFile(Buffer.from('x'))
  const artifact = { fileName: 'setup.exe', ...(await store.put(stream(bytes))) }
  const signer = { certificateThumbprint: 'ab'.repeat(32), keyAlgorithm: 'ec-p256' } as const
  const facts = { request: { ...aSubmission(), artifact }, ...signer, formats: signatureFormats, store, passes }
  await scratch.withFolder((folder) =>
    planOnCopies(facts, { folder, plannerVersion: 1 }, async (_, copies) => {
      expect(copies).toHaveLength(1)
      const below = everythingBelow(path).map((name) => permissions(join(path, name)))
      expect([permissions(path), ...below]).toEqual([0o700, 0o700, 0o700, 0o600])
    }),
  )
  expect(everythingBelow(path)).toHaveLength(1)
})

test('what a signer left that died is removed when the next one starts', async () => {
  const { outside, path } = await folders()
  const left = join(path, '5a1c1f5e-4a9b-4e0e-8d6b-2f3f6a2f7a11')
  mkdirSync(left, { recursive: true, mode: 0o700 })
  writeFileSync(join(left, 'signed.exe'), 'x')
  const scratch = await openSignerScratch({ path, outside })
  onTestFinished(() => scratch.close())
  expect(everythingBelow(path).some((name) => name.includes('signed.exe'))).toBe(false)
})

test('a folder that others could enter is closed', async () => {
  const { outside, path } = await folders()
  mkdirSync(path)
  chmodSync(path, 0o777)
  const scratch = await openSignerScratch({ path, outside })
  onTestFinished(() => scratch.close())
  expect(permissions(path)).toBe(0o700)
})

test('a folder in the artifact store is refused, by whatever name, and so is the store itself', async () => {
  const { folder, outside } = await folders()
  symlinkSync(outside, join(folder, 'link'))
  for (const path of [outside, join(outside, 'scratch', 'signer'), join(folder, 'link', 'signer')])
    await expect(openSignerScratch({ path, outside })).rejects.toMatchObject({
      code: 'SIGNER_SCRATCH_UNSAFE',
      transient: false,
    })
})
