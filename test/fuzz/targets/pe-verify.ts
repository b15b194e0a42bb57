import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyPeFile } from '../../../signing/authenticode/index.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { mutateSigned } from '../mutation/pe.ts'
import { askOsslsigncode } from '../second-opinion.ts'
import { makeFuzzPrograms } from '../signed-programs.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/** Signed programs that were changed afterwards: each is refused with a code, or osslsigncode accepts it as well. */
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
      const failure = await verifyPeFile({ path, ...trust }).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (failure instanceof SigningError) return failure.code
      if (failure !== undefined) throw new FuzzFailure(seed, input, 'no SigningError', { cause: failure })
      if (input.equals(base)) return 'unchanged'
      await others.ask(seed, input, input)
      return 'accepted'
    })
    await others.settle()
    return report
  },
}
