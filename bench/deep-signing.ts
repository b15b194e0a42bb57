import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openZip, rewriteZip, usualArchiveLimits } from '../archives/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import { type DeepWork, deepSigningIn } from '../test/support/deep-signing.ts'
import { makeIdentity } from '../test/support/openssl.ts'
import { smallPeFile } from '../test/support/small-pe-file.ts'
import { buildZip } from '../test/support/zip-builder.ts'

const run = promisify(execFile)

/** Seconds that a thing took here, and that it took otherwise. */
export type DeepFigure = { readonly ours: number; readonly other: number }

const allPrograms =
  '<zip-file><pe-file path="**/*.exe" max-matches="unbounded"><authenticode-sign/></pe-file></zip-file>'

/**
 * A zip of programs of 108 KB, all of them signed with a P-256 key in a file: planned, signed, packed and verified here; unpacked,
 * signed by one osslsigncode each, and packed again by the tools that everybody has.
 */
export async function benchManyPrograms(folder: string, count: number): Promise<DeepFigure> {
  const signer = await makeIdentity(folder, 'ec-p256')
  const bytes = buildZip(
    Array.from({ length: count }, (_, index) => ({ name: `bin/${index}.exe`, content: programOf(108_000) })),
  )
  const deep = await deepSigningIn(folder, signer)
  try {
    const work: DeepWork = { fileName: 'release.zip', bytes, configuration: allPrograms }
    const ours = await timed(() => deep.sign(work))
    const input = join(folder, 'input.zip')
    await writeFile(input, bytes)
    const other = await timed(async () => {
      const place = join(folder, 'unpacked')
      await run('unzip', ['-q', input, '-d', place])
      for (let index = 0; index < count; index++) {
        const file = join(place, `bin/${index}.exe`)
        const key = ['-certs', signer.chainFile, '-key', signer.keyFile]
        await run('osslsigncode', ['sign', ...key, '-in', file, '-out', `${file}.signed`])
        await run('mv', [`${file}.signed`, file])
      }
      await run('zip', ['-q', '-6', '-r', join(folder, 'output.zip'), '.'], { cwd: place })
    })
    return { ours, other }
  } finally {
    await deep.close()
  }
}

/** A zip of so many small files, planned. In seconds. */
export async function benchManyEntries(folder: string, count: number): Promise<number> {
  const signer = await makeIdentity(folder, 'ec-p256')
  const deep = await deepSigningIn(folder, signer)
  try {
    const input = join(folder, 'many.zip')
    await writeManyEntries(input, count, deep.passes)
    const bytes = await deep.store.put(createReadStream(input))
    const configuration = allPrograms.replace('**/*.exe', 'setup.exe')
    return await timed(() => deep.plan({ fileName: 'release.zip', bytes, configuration }))
  } finally {
    await deep.close()
  }
}

/** More entries than an archive without ZIP64 can have. */
async function writeManyEntries(path: string, count: number, passes: FilePasses): Promise<void> {
  const start = `${path}.start`
  await writeFile(start, buildZip([{ name: 'setup.exe', content: programOf(4_000) }]))
  const [input, output] = [await open(start), await open(path, 'wx+')]
  try {
    const { size } = await input.stat()
    const archive = await openZip({ handle: input, size }, { limits: usualArchiveLimits, passes })
    const inserted = Array.from({ length: count - 1 }, (_, index) => ({
      ...({ before: 'end', method: 'deflated' } as const),
      name: `lib/${index % 500}/file-${index}.txt`,
      content: Buffer.from(`content ${index}`),
    }))
    await rewriteZip(archive, { inserted }, { output, passes })
  } finally {
    await input.close()
    await output.close()
  }
}

/**
 * A zip with one small program and a file of so many bytes, signed, against copying and hashing the same archive.
 *
 * @param size bytes of the large file, which is stored as it is
 */
export async function benchLargeZip(
  folder: string,
  size: number,
): Promise<DeepFigure & { readonly peakMebibytes: number }> {
  const signer = await makeIdentity(folder, 'ec-p256')
  const [content, input] = [join(folder, 'content'), join(folder, 'large.zip')]
  await mkdir(content)
  await writeFile(join(content, 'setup.exe'), programOf(108_000))
  await writeFile(join(content, 'large.bin'), '')
  await truncate(join(content, 'large.bin'), size)
  await run('zip', ['-q', '-0', '-r', input, '.'], { cwd: content })
  await rm(content, { recursive: true })
  const deep = await deepSigningIn(folder, signer)
  try {
    const other = await timed(() => copyAndHash(input, join(folder, 'copy.zip')))
    const configuration = allPrograms.replace('**/*.exe', 'setup.exe')
    const bytes = await deep.store.put(createReadStream(input, { highWaterMark: 1024 * 1024 }))
    const ours = await timed(() => deep.signLarge({ fileName: 'large.zip', bytes, configuration }))
    return { ours, other, peakMebibytes: process.resourceUsage().maxRSS / 1024 }
  } finally {
    await deep.close()
  }
}

async function copyAndHash(from: string, to: string): Promise<void> {
  const [input, output] = [await open(from), await open(to, 'w')]
  const hash = createHash('sha256')
  try {
    for await (const block of input.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 })) {
      hash.update(block)
      await output.write(block)
    }
  } finally {
    await input.close()
    await output.close()
  }
  hash.digest()
}

function programOf(size: number): Buffer {
  // Half of it can be compressed, as of programs.
  return smallPeFile(Buffer.concat([randomBytes(size / 2), Buffer.alloc(size / 2)]))
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1_000
}
