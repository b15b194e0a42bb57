import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { fixChecksum } from '../fuzz/mutation/pe.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { buildPe } from '../support/pe-builder.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const folder = suiteFolder()
const passes = new FilePasses(1)
let signer: TestIdentity

beforeAll(async () => {
  signer = await makeIdentity(folder, 'ec-p256')
})
afterAll(() => passes.close())

/** A program whose last bytes are all ones, which give the largest sums. */
async function programOf(overlay: number): Promise<string> {
  const { bytes } = buildPe({ format: 'PE32+', overlay })
  bytes.fill(0xff, bytes.length - overlay)
  const path = join(folder, `${overlay}.exe`)
  await writeFile(path, bytes)
  return path
}

/** Larger than what threads (256 KiB) and the event loop (1 MiB) read at once, and with ends at no word. */
const overlays = [0, 1, 2, 3, 5, 7, 300 * 1024 + 6, 3 * 1024 * 1024 + 1]

test.each(overlays)('both sides sum a file with %i bytes of ones as its definition says', async (overlay) => {
  const inputPath = await programOf(overlay)
  for (const threads of [undefined, passes]) {
    const outputPath = join(folder, `signed-${overlay}-${threads === undefined ? 'here' : 'there'}.exe`)
    const means = { key: signer.key, certificateChain: signer.chain, hashAlgorithm: 'sha256' } as const
    await signPeFile({ inputPath, outputPath, ...means, ...(threads !== undefined && { passes: threads }) })
    const signed = await readFile(outputPath)
    const defined = Buffer.from(signed)
    fixChecksum(defined)
    expect(signed.equals(defined)).toBe(true)
    for (const reading of [{}, { passes }]) expect(await verifyPeFile({ path: outputPath, ...reading })).toHaveLength(1)
  }
})
