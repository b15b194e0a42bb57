import { mkdtempDisposable, open, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { openZip, usualArchiveLimits } from '../../../archives/index.ts'
import { FilePasses, type FileWork } from '../../../signing/file-passes/index.ts'
import { nugetFormat, nugetVerifier } from '../../../signing/nuget/index.ts'
import { doFileWork } from '../../../signing/nuget/read-existing.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { mutateDer } from '../mutation/der.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

const cases = join(import.meta.dirname, '../../support/nuget-cases')
const control = { memory: Buffer.alloc(256 * 1024), throwIfCancelled: () => {}, progress: () => {} }

/** Does in this thread what is done in others: a thread for each input would take longer than the input. */
class HerePasses extends FilePasses {
  override async parse({ module, parameters }: FileWork): Promise<unknown> {
    return (await import(module)).doFileWork(parameters, control)
  }
  override work = this.parse
}

/**
 * NuGet packages that NuGet's own client signed, and that were changed: their archive or their signature. Each is read or refused with a
 * code, and none in which anything that its signature covers is another has a signature that is said to be intact.
 */
export const target: FuzzTarget = {
  name: 'nuget-signature',
  shortCount: 100,
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const whole = await readFile(join(cases, 'author-and-repository.nupkg'))
    const path = join(folder.path, 'a.nupkg')
    const passes = new HerePasses(1)
    const signature = await signatureIn(join(cases, 'author-and-repository.nupkg'), passes)
    return await fuzzInputs(request, async (random, seed) => {
      const input = random.below(2) === 0 ? mutateBytes(whole, random) : exchanged(whole, signature, random)
      try {
        return await outcomeOf(path, input, passes)
      } catch (cause) {
        if (cause instanceof SigningError && /^(?:NUGET|ARCHIVE|FILE)_/.test(cause.code)) return cause.code
        throw new FuzzFailure(seed, input, cause instanceof Error ? cause.message : 'no error', { cause })
      }
    })
  },
}

async function outcomeOf(path: string, input: Buffer, passes: FilePasses): Promise<string> {
  await writeFile(path, input)
  const handle = await open(path)
  try {
    const file = { handle, size: input.length, layout: { size: input.length }, digested: undefined }
    const orders = [{ directive: 'nuget-sign', attributes: {} }]
    const { existingSignatures } = await nugetFormat.plan(file, orders, { passes })
    const trust = { trustedCertificates: [], at: new Date() }
    const { isAccepted } = await nugetVerifier.verify({ handle, size: input.length, name: 'a.nupkg' }, trust, {
      passes,
    })
    if (isAccepted) throw new Error('a signature that leads nowhere is accepted')
    const [primary] = existingSignatures
    return primary === undefined ? 'unsigned' : primary.kind === 'unreadable' ? 'unreadable' : primary.integrity
  } finally {
    await handle.close()
  }
}

type PlacedSignature = { readonly start: number; readonly end: number; readonly bytes: Buffer }

async function signatureIn(path: string, passes: FilePasses): Promise<PlacedSignature> {
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const archive = await openZip({ handle, size }, { limits: usualArchiveLimits, passes })
    const entry = archive.entries.at(-1)
    if (entry === undefined) throw new Error('The package is empty.')
    const blocks: Buffer[] = []
    for await (const block of archive.read(entry)) blocks.push(block)
    const bytes = Buffer.concat(blocks)
    // What was not changed is read.
    const read = await doFileWork(bytes, control)
    if (read.kind !== 'signature') throw new Error('The signature of the case is not read.')
    return { start: entry.dataStart, end: entry.end, bytes }
  } finally {
    await handle.close()
  }
}

/** A changed signature in the place of the one that is there, with the lengths and the checksum that belong to it. */
function exchanged(whole: Buffer, { start, end, bytes }: PlacedSignature, random: SeededRandom): Buffer {
  const changed = mutateDer(bytes, random)
  const header = Buffer.from(whole.subarray(start - headerSize, start))
  const tail = Buffer.from(whole.subarray(end))
  const record = tail.length - endSize - recordSize
  for (const [part, at] of [
    [header, 14],
    [tail, record + 16],
  ] as const) {
    part.writeUInt32LE(crc32(changed), at)
    part.writeUInt32LE(changed.length, at + 4)
    part.writeUInt32LE(changed.length, at + 8)
  }
  tail.writeUInt32LE(start + changed.length, tail.length - endSize + 16)
  return Buffer.concat([whole.subarray(0, start - headerSize), header, changed, tail])
}

const nameSize = '.signature.p7s'.length
const headerSize = 30 + nameSize
const recordSize = 46 + nameSize
const endSize = 22
