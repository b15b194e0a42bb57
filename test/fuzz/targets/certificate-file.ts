import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SigningError } from '../../../signing/signing-error.ts'
import { chainOfIssued, createCertificationRequest, newNames, toPem } from '../../../signing/x509/index.ts'
import { CertificateAuthority } from '../../support/certificate-authority.ts'
import { memoryKey } from '../../support/memory-key.ts'
import { openssl } from '../../support/openssl.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { mutateDer } from '../mutation/der.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/** What an authority issued, in each form, and what it must be read as. */
interface Issued {
  readonly publicKey: Uint8Array
  readonly chain: readonly Buffer[]
  /** PEM, DER joined, PKCS #7 in DER, and that in base64. */
  readonly files: readonly Buffer[]
}

/**
 * Files of authorities that were changed: each is refused with a code, or read as a chain of certificates none of which was
 * changed.
 */
export const target: FuzzTarget = {
  name: 'certificate-file',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const issued = await makeIssued(folder.path)
    return await fuzzInputs(request, async (random, seed) => tryFile(issued, random, seed))
  },
}

function tryFile({ publicKey, chain, files }: Issued, random: SeededRandom, seed: number): string {
  const base = random.oneOf(files)
  const file = base[0] === 0x30 && random.below(3) > 0 ? mutateDer(base, random) : mutateBytes(base, random)
  let read: readonly { readonly der: Uint8Array }[]
  try {
    read = chainOfIssued({ file, publicKey, known: [], at: new Date() })
  } catch (reason) {
    if (reason instanceof SigningError) return reason.code
    throw new FuzzFailure(seed, file, 'no SigningError', { cause: reason })
  }
  if (read.length !== chain.length || read.some(({ der }, index) => !chain[index]?.equals(der)))
    throw new FuzzFailure(seed, file, 'a chain with a changed certificate was accepted')
  return file.equals(base) ? 'unchanged' : 'accepted'
}

async function makeIssued(folder: string): Promise<Issued> {
  const root = await CertificateAuthority.root(folder, 'Root', 'rsa')
  const issuing = await root.below('Issuing', 'ec')
  const key = memoryKey('ec-p256')
  const names = newNames({ commonName: 'Acme' }, [{ kind: 'email', value: 'release@example.org' }])
  const leaf = await issuing.issue(await createCertificationRequest({ key, names }))
  const chain = [leaf, ...(await issuing.chain())].map((der) => Buffer.from(der))
  const [pem, message] = [join(folder, 'chain.pem'), join(folder, 'chain.p7b')]
  await writeFile(pem, chain.map((der) => toPem(der)).join(''))
  await openssl('crl2pkcs7', '-nocrl', '-certfile', pem, '-outform', 'DER', '-out', message)
  const pkcs7 = await readFile(message)
  const files = [await readFile(pem), Buffer.concat(chain), pkcs7, Buffer.from(pkcs7.toString('base64'))]
  return { publicKey: key.publicKey, chain, files }
}
