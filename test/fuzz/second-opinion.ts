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
   * @param beside what else the other implementation needs: it lies beside the file, with this suffix
   * @throws FuzzFailure for the first one that is refused
   */
  ask(
    seed: number,
    input: Buffer,
    accepted: Buffer,
    beside?: { readonly suffix: string; readonly bytes: Uint8Array },
  ): Promise<void>
  /** Judges those that are left. */
  settle(): Promise<void>
}

const batchSize = 64

/**
 * Has osslsigncode judge what we accepted.
 *
 * @param folder where the files lie meanwhile
 * @param roots PEM files: whom signers and time-stamp authorities must lead to
 */
export function askOsslsigncode(
  folder: string,
  roots: { readonly signers: string; readonly authorities: string },
): SecondOpinion {
  return askAnother(folder, 'osslsigncode', (path) => osslsigncodeVerify(path, roots.signers, roots.authorities))
}

/**
 * Has another program judge what we accepted, in batches, as many files at a time as there are cores.
 *
 * @param folder where the files lie meanwhile
 */
export function askAnother(
  folder: string,
  program: string,
  verify: (path: string) => Promise<{ readonly ok: boolean; readonly output: string }>,
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
      const verdict = await verify(path)
      if (!verdict.ok) throw new FuzzFailure(seed, input, `we accept what ${program} refuses:\n${verdict.output}`)
    }
  }
  return {
    async ask(seed, input, accepted, beside) {
      const path = join(folder, `accepted-${waiting.length}`)
      await writeFile(path, accepted)
      if (beside !== undefined) await writeFile(`${path}${beside.suffix}`, beside.bytes)
      waiting.push({ seed, input, path })
      if (waiting.length === batchSize) await settle()
    },
    settle,
  }
}
