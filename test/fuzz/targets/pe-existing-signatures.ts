import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '../../../domain/index.ts'
import { inspectPeFile, signPeFile, verifyPeFile } from '../../../signing/authenticode/index.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { legacySignature } from '../legacy-signature.ts'
import { mutateSigned } from '../mutation/pe.ts'
import { makeFuzzPrograms } from '../signed-programs.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/** What one description may take in JSON: texts and lists are bounded. */
const descriptionLimit = 30_000

/**
 * Signed programs whose signature somebody changed: a plan describes whatever is there, in bounded texts, or refuses the file
 * with a code. What it says is kept is there after a signature was added, and just that one is new.
 */
export const target: FuzzTarget = {
  name: 'pe-existing-signatures',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const { signer, signed, trust } = await makeFuzzPrograms(folder.path)
    const bases = [...signed, await legacySignature(folder.path, signer)]
    const inputPath = join(folder.path, 'input.exe')
    const outputPath = join(folder.path, 'output.exe')
    return await fuzzInputs(request, async (random, seed) => {
      const input = mutateSigned(random.oneOf(bases), random)
      await writeFile(inputPath, input)
      const coded = <T>(work: Promise<T>): Promise<T | SigningError> =>
        work.catch((reason: unknown) => {
          if (reason instanceof SigningError) return reason
          throw new FuzzFailure(seed, input, 'no SigningError', { cause: reason })
        })
      const replaced = await coded(inspectPeFile(inputPath, { hashAlgorithm: 'sha256', append: false }))
      if (replaced instanceof SigningError) return replaced.code
      for (const each of replaced.existingSignatures) {
        const text = canonicalJson(each)
        if (!text.isWellFormed() || text.length > descriptionLimit)
          throw new FuzzFailure(seed, input, `it is described in ${text.length} characters, or ill-formed ones`)
      }
      const planned = await coded(inspectPeFile(inputPath, { hashAlgorithm: 'sha256', append: true }))
      if (planned instanceof SigningError) return planned.code
      const by = { key: signer.key, certificateChain: signer.chain, hashAlgorithm: 'sha256' as const }
      const made = await coded(signPeFile({ inputPath, outputPath, ...by, append: true }))
      if (made instanceof SigningError)
        throw new FuzzFailure(seed, input, 'it was planned, and then refused', { cause: made })
      const kept = planned.existingSignatures.map(({ sha256 }) => sha256)
      const verified = await coded(verifyPeFile({ path: outputPath, kept, ...trust }))
      if (verified instanceof SigningError)
        throw new FuzzFailure(seed, input, 'what was signed does not verify', { cause: verified })
      const after = await coded(inspectPeFile(outputPath, { hashAlgorithm: 'sha256', append: false }))
      const found = after instanceof SigningError ? [] : after.existingSignatures
      if (found.length !== kept.length + 1 || kept.some((sha256, index) => found[index]?.sha256 !== sha256))
        throw new FuzzFailure(seed, await readFile(outputPath), 'what was kept is not what was there')
      return kept.length === 0 ? 'signed' : 'added'
    })
  },
}
