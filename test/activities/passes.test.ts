import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { expect, onTestFinished, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { createSigningPlan } from '../../artifacts/index.ts'
import { retrieved } from '../../domain/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { signatureFormats } from '../../signing/formats.ts'
import { writeLargePe } from '../support/pe-builder.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'

silenceWorkers()

const size = 48_000_000

/** Counts the bytes that are read in threads, and the reports of progress on the way. */
class CountedPasses extends FilePasses {
  bytes = 0
  reports = 0

  override read(...[order, options = {}]: Parameters<FilePasses['read']>): ReturnType<FilePasses['read']> {
    this.bytes += order.end
    return super.read(order, this.#counted(options))
  }

  #counted(options: NonNullable<Parameters<FilePasses['read']>[1]>) {
    const { onProgress } = options
    if (onProgress === undefined) throw new Error('Nobody hears of the progress of a pass')
    const report: typeof onProgress = (progress) => {
      this.reports += 1
      onProgress(progress)
    }
    return { ...options, onProgress: report }
  }
}

/** Bytes that this process, all of its threads, had the system read so far (Linux, proc(5): rchar). */
async function bytesRead(): Promise<number> {
  const io = await readFile('/proc/self/io', 'latin1')
  return Number(/^rchar: (\d+)$/m.exec(io)?.[1])
}

async function measured(passes: CountedPasses, work: () => Promise<unknown>) {
  const [bytes, reports, all] = [passes.bytes, passes.reports, await bytesRead()]
  await work()
  const inPasses = passes.bytes - bytes
  return { inPasses, besides: (await bytesRead()) - all - inPasses, reports: passes.reports - reports }
}

test.runIf(process.platform === 'linux')(
  'a file is read once to be planned, and to be signed once, once to be verified and once to be stored, all in threads',
  async () => {
    const organization = await testOrganization({ approval: null })
    const original = join(organization.folder, 'original.exe')
    await writeLargePe(original, size)
    const passes = new CountedPasses(1)
    onTestFinished(() => passes.close())
    const request = retrieved(await organization.planned(await readFile(original)))
    const { store } = organization
    const facts = {
      certificateThumbprint: 'ab'.repeat(32),
      keyAlgorithm: 'ec-p256',
      formats: signatureFormats,
    } as const
    const planning = await measured(passes, () =>
      createSigningPlan({ request, ...facts, store, passes, onProgress: () => undefined }),
    )
    expect(planning.inPasses).toBe(size)
    // Headers, and what the process reads for other reasons.
    expect(planning.besides).toBeLessThan(1_000_000)
    expect(planning.reports).toBeGreaterThan(5)

    const { sign } = signerActivities({ ...organization.signer, passes, recordRefusal: async () => undefined })
    const { signingRequestId } = request
    const signing = await measured(passes, () =>
      new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }),
    )
    const { signedArtifact } = await organization.request(signingRequestId)
    const signedSize = signedArtifact?.size ?? 0
    expect(signing.inPasses).toBe(size + signedSize + signedSize)
    expect(signing.besides).toBeLessThan(4_000_000)
    expect(signing.reports).toBeGreaterThan(15)
  },
)
