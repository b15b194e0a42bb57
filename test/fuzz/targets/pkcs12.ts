import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenedPfx, openPfx, Pkcs12Error } from '../../../pkcs12/index.ts'
import { makeIdentity, openssl, type TestIdentity } from '../../support/openssl.ts'
import { certificateBag, keyBag, nestedBag, pfxWithPbmac1 } from '../../support/pfx-builder.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { mutateDer } from '../mutation/der.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/** A file as somebody exports it. */
interface Pfx {
  readonly identity: TestIdentity
  readonly bytes: Buffer
  /** Its MAC where that is known: a file that still has it is opened to nothing but what was exported. */
  readonly mac?: Buffer
}

const password = 'secret'

/** Few iterations, of which a change can make more: how much work a file may ask for, other tests try. */
const iterations = 1

/**
 * PKCS #12 files that were changed: each is refused with a code, or opened to a key of a kind that signs code and a certificate
 * for it. What a MAC covers is opened as it was exported.
 */
export const target: FuzzTarget = {
  name: 'pkcs12',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const files = await makeFiles(folder.path)
    return await fuzzInputs(request, async (random, seed) => tryFile(random.oneOf(files), random, seed))
  },
}

async function tryFile({ identity, bytes, mac }: Pfx, random: SeededRandom, seed: number): Promise<string> {
  const file = random.below(3) > 0 ? mutateDer(bytes, random) : mutateBytes(bytes, random)
  let opened: OpenedPfx
  try {
    opened = await openPfx(file, password)
  } catch (reason) {
    if (reason instanceof Pkcs12Error) return reason.code
    throw new FuzzFailure(seed, file, 'no Pkcs12Error', { cause: reason })
  }
  const fault = faultOf(opened)
  if (fault !== undefined) throw new FuzzFailure(seed, file, fault)
  const isAsExported = isOf(identity, opened)
  if (!isAsExported && mac !== undefined && file.includes(mac))
    throw new FuzzFailure(seed, file, 'something else was opened than what the MAC covers')
  return isAsExported ? 'accepted' : 'accepted as something else'
}

/** What is wrong with what was opened, judged by nothing of what opened it. */
function faultOf({ privateKey, publicKey, certificates }: OpenedPfx): string | undefined {
  const key = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  if (!spki.equals(publicKey)) return 'the public key is not that of the private key'
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (
    ![2048, 3072, 4096].includes(modulusLength ?? 0) &&
    !['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve ?? '')
  )
    return 'the key is of a kind that signs no code'
  const [first] = certificates
  return first !== undefined &&
    new X509Certificate(first).publicKey.export({ type: 'spki', format: 'der' }).equals(spki)
    ? undefined
    : 'the first certificate is not for the key'
}

function isOf({ privateKey, chain }: TestIdentity, opened: OpenedPfx): boolean {
  return (
    privateKey.export({ type: 'pkcs8', format: 'der' }).equals(opened.privateKey) &&
    opened.certificates.every((der) => chain.some((each) => der.equals(each)))
  )
}

async function makeFiles(folder: string): Promise<readonly Pfx[]> {
  const identities = [await makeIdentity(folder, 'ec-p256'), await makeIdentity(folder, 'rsa-2048')]
  const files: Pfx[] = []
  for (const identity of identities) {
    const key = keyBag(identity.privateKey.export({ type: 'pkcs8', format: 'der' }), password, iterations)
    const certificates = identity.chain.map((each) => certificateBag(each))
    for (const bags of [
      [key, ...certificates],
      [nestedBag(2, key), ...certificates.toReversed()],
    ])
      for (const ber of [false, true]) {
        const bytes = pfxWithPbmac1(bags, { password, iterations, ber })
        files.push({ identity, bytes, mac: macOf(bytes) })
      }
    const { keyFile, chainFile } = identity
    for (const options of [
      ['-iter', '1'],
      ['-legacy', '-iter', '1'],
      ['-iter', '1', '-nomac'],
      ['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac'],
    ]) {
      const path = join(folder, 'exported.pfx')
      await openssl(
        'pkcs12',
        '-export',
        '-inkey',
        keyFile,
        '-in',
        chainFile,
        '-out',
        path,
        '-passout',
        `pass:${password}`,
        ...options,
      )
      files.push({ identity, bytes: await readFile(path) })
    }
  }
  return files
}

/** The 32 octets of PBMAC1 with HMAC-SHA-256, behind which the builder writes a salt that nothing uses. */
function macOf(file: Buffer): Buffer {
  const end = file.lastIndexOf(Buffer.concat([Buffer.of(0x04, 0x06), Buffer.from('unused')]))
  return file.subarray(end - 32, end)
}
