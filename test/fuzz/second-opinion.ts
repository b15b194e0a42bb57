import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { FuzzFailure } from './target.ts'

interface AcceptedFile {
  readonly seed: number
  /** What the failure keeps. */
  readonly input: Buffer
  readonly path: string
}

/** Files that we accepted, on their way to another implementation. */
export interface SecondOpinion {
  /**
   * Takes a file that we accepted; every so many of them are judged together.
   *
   * @throws FuzzFailure for the first one that osslsigncode refuses
   */
  ask(seed: number, input: Buffer, accepted: Buffer): Promise<void>
  /** Judges those that are left. */
  settle(): Promise<void>
}

const batchSize = 64

/**
 * Has osslsigncode judge what we accepted, in batches, as many at a time as there are cores.
 *
 * @param folder where the files lie meanwhile
 * @param roots PEM files: whom signers and time-stamp authorities must lead to
 */
export function askOsslsigncode(
  folder: string,
  roots: { readonly signers: string; readonly authorities: string },
): SecondOpinion {
  let waiting: AcceptedFile[] = []
  async function settle(): Promise<void> {
    const batch = waiting
    waiting = []
    const queue = batch.values()
    await Promise.all(Array.from({ length: availableParallelism() }, () => judge(queue)))
  }
  async function judge(queue: IterableIterator<AcceptedFile>): Promise<void> {
    for (const { seed, input, path } of queue) {
      const verdict = await osslsigncodeVerify(path, roots.signers, roots.authorities)
      if (!verdict.ok) throw new FuzzFailure(seed, input, `we accept what osslsigncode refuses:\n${verdict.output}`)
    }
  }
  return {
    async ask(seed, input, accepted) {
      const path = join(folder, `accepted-${waiting.length}`)
      await writeFile(path, accepted)
      waiting.push({ seed, input, path })
      if (waiting.length === batchSize) await settle()
    },
    settle,
  }
}
