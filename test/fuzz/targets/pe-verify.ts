import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyPeFile } from '../../../signing/authenticode/index.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { mutateSigned } from '../mutation/pe.ts'
import { askOsslsigncode } from '../second-opinion.ts'
import { makeFuzzPrograms } from '../signed-programs.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/** Longer than what changes where lengths of several elements stand next to each other. */
const foreignLimit = 24

/**
 * Signed programs that were changed afterwards: each is refused with a code, or osslsigncode accepts it as well and
 * nothing stands in it that was not there before, but where the verifier says so.
 */
export const target: FuzzTarget = {
  name: 'pe-verify',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const { signed, trust, roots } = await makeFuzzPrograms(folder.path)
    const others = askOsslsigncode(folder.path, roots)
    const path = join(folder.path, 'input.exe')
    const report = await fuzzInputs(request, async (random, seed) => {
      const base = random.oneOf(signed)
      const input = mutateSigned(base, random)
      await writeFile(path, input)
      const verified = await verifyPeFile({ path, ...trust }).catch((reason: unknown) => {
        if (reason instanceof SigningError) return reason
        throw new FuzzFailure(seed, input, 'no SigningError', { cause: reason })
      })
      if (verified instanceof SigningError) return verified.code
      if (input.equals(base)) return 'unchanged'
      const reported = verified.some(({ timestamp }) => (timestamp?.uncovered.length ?? 0) > 0)
      if (!reported && longestForeignRun(base, input) >= foreignLimit)
        throw new FuzzFailure(seed, input, 'we accept bytes that nothing covers')
      await others.ask(seed, input, input)
      return reported ? 'accepted, with a report of what is not covered' : 'accepted'
    })
    await others.settle()
    return report
  },
}

/** The length of the longest run of bytes that are not from the base, as far as four in a row tell. */
function longestForeignRun(base: Buffer, input: Buffer): number {
  const known = new Set<number>()
  for (let at = 0; at + 4 <= base.length; at++) known.add(base.readUInt32LE(at))
  let run = 0
  let longest = 0
  for (let at = 0; at + 4 <= input.length; at++) {
    run = known.has(input.readUInt32LE(at)) ? 0 : run + 1
    longest = Math.max(longest, run)
  }
  return longest
}
