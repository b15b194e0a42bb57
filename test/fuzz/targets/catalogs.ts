import { mkdtempDisposable, open, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestCatalog, judgeCatalog } from '../../../signing/catalog/catalog-digestion.ts'
import { catalogFormat } from '../../../signing/catalog/index.ts'
import { verifyCatalog } from '../../../signing/catalog/verify-catalog.ts'
import { FilePasses } from '../../../signing/file-passes/index.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { buildCatalog } from '../../support/catalog-builder.ts'
import { formatWorkIn } from '../../support/format-work.ts'
import { makeIdentity } from '../../support/openssl.ts'
import { osslsigncodeSign } from '../../support/osslsigncode.ts'
import { timestampsBy } from '../../support/time-stamped.ts'
import { coded } from '../coded.ts'
import { mutateDer } from '../mutation/der.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/**
 * Catalogs of which elements were changed, with and without a signature: each is refused with a code, or gets a signature that our verifier
 * accepts. It accepts no signature for another list. Whatever signature is there is described and judged, with a time-stamp or without.
 */
export const target: FuzzTarget = {
  name: 'catalogs',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const extensions = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
    const [signer, authority] = await Promise.all([
      makeIdentity(folder.path, 'ec-p256'),
      makeIdentity(folder.path, 'ec-p256', { commonName: 'Time', extensions }),
    ])
    const trust = { trustedCertificates: [signer.root], trustedTimestampCertificates: [authority.root], at: new Date() }
    const unsigned = buildCatalog([Buffer.alloc(32, 1), Buffer.alloc(32, 2)])
    const path = join(folder.path, 'plain.cat')
    await writeFile(path, unsigned)
    const work = formatWorkIn(folder.path)
    const signing = { format: catalogFormat, name: 'signed.cat', bytes: unsigned, signer }
    const stamped = await readFile(await work.sign({ ...signing, timestamps: timestampsBy(authority) }))
    await osslsigncodeSign(signer, path, join(folder.path, 'sha1.cat'), '-h', 'sha1', '-n', 'Name')
    const bases = [unsigned, stamped, stamped, await readFile(join(folder.path, 'sha1.cat'))]
    await using handle = await open(path, 'w+')
    const means = { key: signer.key, certificateChain: signer.chain, timestamps: undefined }
    const orders = [{ directive: 'authenticode-sign', attributes: {}, contentDigests: [] }]
    const options = { passes: new FilePasses(1), spoolPath: () => join(folder.path, 'spool') }
    const { digest } = digestCatalog(unsigned, 'sha256')
    return await fuzzInputs(request, async (random, seed) => {
      const input = mutateDer(random.oneOf(bases), random)
      const planned = coded(seed, input, () => digestCatalog(input, 'sha256'))
      const accepted = coded(seed, input, () => verifyCatalog(input, trust))
      coded(seed, input, () => judgeCatalog(input, trust))
      if (planned instanceof SigningError) return planned.code
      if (!(accepted instanceof SigningError) && Buffer.compare(digest, planned.digest) !== 0)
        throw new FuzzFailure(seed, input, 'a signature is accepted for another list')
      await handle.truncate(0)
      await handle.write(input, 0, input.length, 0)
      const size = input.length
      await catalogFormat.sign({ handle, size, layout: { size }, digested: planned }, orders, means, options)
      const output = await readFile(path)
      const verified = coded(seed, input, () => verifyCatalog(output, trust))
      if (verified instanceof SigningError)
        throw new FuzzFailure(seed, input, 'what was signed does not verify', { cause: verified })
      return planned.existingSignatures.length > 0 ? 'replaced' : 'signed'
    })
  },
}
