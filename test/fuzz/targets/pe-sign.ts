import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspectPeFile, signPeFile, verifyPeFile } from '../../../signing/authenticode/index.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { firmwareDigest } from '../../support/firmware-digest.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { mutateHeaders, mutateSigned } from '../mutation/pe.ts'
import { askOsslsigncode } from '../second-opinion.ts'
import { type FuzzPrograms, makeFuzzPrograms } from '../signed-programs.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/**
 * Programs that something changed: each is refused with a code when it is planned, or gets a signature that our verifier
 * and osslsigncode accept, over the digest that was planned, beside the earlier ones that the plan keeps; and of an EFI
 * image it is the digest that firmware computes.
 */
export const target: FuzzTarget = {
  name: 'pe-sign',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const programs = await makeFuzzPrograms(folder.path)
    const { signer, trust, roots } = programs
    const others = askOsslsigncode(folder.path, roots)
    const inputPath = join(folder.path, 'input.exe')
    const outputPath = join(folder.path, 'output.exe')
    const report = await fuzzInputs(request, async (random, seed) => {
      const { input, append } = makeInput(programs, random)
      await writeFile(inputPath, input)
      const coded = <T>(work: Promise<T>): Promise<T | SigningError> =>
        work.catch((reason: unknown) => {
          if (reason instanceof SigningError) return reason
          throw new FuzzFailure(seed, input, 'no SigningError', { cause: reason })
        })
      const planned = await coded(inspectPeFile(inputPath, { hashAlgorithm: 'sha256', append }))
      const made = await coded(
        signPeFile({
          ...{ inputPath, outputPath, key: signer.key, certificateChain: signer.chain, hashAlgorithm: 'sha256' },
          append,
        }),
      )
      if (planned instanceof SigningError) {
        // That theirs are valid is asked for by the plan, and not by signing.
        if (made instanceof SigningError || planned.code.startsWith('AUTHENTICODE_EXISTING_SIGNATURE_'))
          return planned.code
        throw new FuzzFailure(seed, input, 'it was refused by the plan, and then signed', { cause: planned })
      }
      if (made instanceof SigningError)
        throw new FuzzFailure(seed, input, 'it was planned, and then refused', { cause: made })
      if (Buffer.compare(planned.contentDigest, made.imageDigest) !== 0)
        throw new FuzzFailure(seed, input, 'what was signed is not what was planned')
      const kept = append ? planned.existingSignatures.map(({ sha256 }) => sha256) : []
      const verified = await coded(verifyPeFile({ path: outputPath, kept, ...trust }))
      if (verified instanceof SigningError)
        throw new FuzzFailure(seed, input, 'what was signed does not verify', { cause: verified })
      const output = await readFile(outputPath)
      if (isEfi(output) && !firmwareDigest(output).equals(made.imageDigest))
        throw new FuzzFailure(seed, input, 'firmware computes another digest than was signed')
      // Signatures of others are kept as they are, and need not be to the taste of every verifier.
      const all = kept.length === 0 ? undefined : await coded(verifyPeFile({ path: outputPath, ...trust }))
      if (!(all instanceof SigningError)) await others.ask(seed, input, output)
      return kept.length > 0 ? 'added' : 'signed'
    })
    await others.settle()
    return report
  },
}

function makeInput({ unsigned, signed }: FuzzPrograms, random: SeededRandom) {
  const isSigned = random.below(3) === 0
  const base = random.oneOf(isSigned ? signed : unsigned)
  const change = random.oneOf([mutateHeaders, mutateHeaders, mutateHeaders, isSigned ? mutateSigned : mutateBytes])
  const input = change(base, random)
  return { input, append: random.below(4) === 0 }
}

function isEfi(image: Buffer): boolean {
  const subsystem = image.readUInt16LE(image.readUInt32LE(0x3c) + 24 + 68)
  return subsystem >= 10 && subsystem <= 13
}
