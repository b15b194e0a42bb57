import { mkdtempDisposable, open, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FilePasses } from '../../../signing/file-passes/index.ts'
import { powerShellFormat } from '../../../signing/powershell/index.ts'
import {
  digestScript,
  judgeScript,
  type ScriptKind,
  type ScriptLayout,
  verifyScript,
} from '../../../signing/scripts/index.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { windowsScriptFormat } from '../../../signing/windows-script/index.ts'
import { formatWorkIn } from '../../support/format-work.ts'
import { makeIdentity } from '../../support/openssl.ts'
import { scriptCases } from '../../support/script-cases.ts'
import { coded } from '../coded.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

const formatOf = (name: string) => (/\.(?:ps|cdxml)/.test(name) ? powerShellFormat : windowsScriptFormat)

/**
 * Scripts that something changed, in every encoding, with and without a signature: each is refused with a code, or gets a signature that
 * our verifier accepts. It accepts no signature for another text than the one that was signed.
 */
export const target: FuzzTarget = {
  name: 'scripts',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const signer = await makeIdentity(folder.path, 'ec-p256')
    const trust = { trustedCertificates: [signer.root], at: new Date() }
    const work = formatWorkIn(folder.path)
    const bases: { readonly name: string; readonly bytes: Buffer; readonly kind: ScriptKind }[] = []
    const path = join(folder.path, 'script')
    await using handle = await open(path, 'w+')
    for (const { name, bytes } of scriptCases()) {
      const format = formatOf(name)
      const { kind } = (await format.readLayout(handle, 0, name)) as ScriptLayout
      const signed = await readFile(await work.sign({ format, name, bytes, signer }))
      bases.push({ name, bytes, kind }, { name, bytes: signed, kind })
    }
    const means = { key: signer.key, certificateChain: signer.chain, timestamps: undefined }
    const orders = [{ directive: 'authenticode-sign', attributes: {}, contentDigests: [] }]
    const options = { passes: new FilePasses(1), spoolPath: () => join(folder.path, 'spool') }
    return await fuzzInputs(request, async (random, seed) => {
      const { name, bytes, kind } = random.oneOf(bases)
      const input = mutateBytes(bytes, random)
      const planned = coded(seed, input, () => digestScript(input, kind, 'sha256'))
      const accepted = coded(seed, input, () => verifyScript(input, kind, trust))
      coded(seed, input, () => judgeScript(input, kind, trust))
      if (planned instanceof SigningError) return planned.code
      const { digest } = digestScript(bytes, kind, 'sha256')
      if (!(accepted instanceof SigningError) && Buffer.compare(digest, planned.digest) !== 0)
        throw new FuzzFailure(seed, input, 'a signature is accepted for another text')
      await handle.truncate(0)
      await handle.write(input, 0, input.length, 0)
      const size = input.length
      await formatOf(name).sign({ handle, size, layout: { kind, size }, digested: planned }, orders, means, options)
      const output = await readFile(path)
      const verified = coded(seed, input, () => verifyScript(output, kind, trust))
      if (verified instanceof SigningError)
        throw new FuzzFailure(seed, input, 'what was signed does not verify', { cause: verified })
      if (Buffer.compare(verified.contentDigest, planned.digest) !== 0)
        throw new FuzzFailure(seed, input, 'what was signed is not what was planned')
      return accepted instanceof SigningError ? 'signed' : 'accepted and signed'
    })
  },
}
