import { createHash } from 'node:crypto'
import { buildSignedData, der, messageSignerOf, objectIdentifiers } from '../../../signing/cms/index.ts'
import { composeManifest, type EntryDigests, extendManifest } from '../../../signing/jar/compose-manifest.ts'
import { readManifest } from '../../../signing/jar/manifest-reader.ts'
import { doFileWork } from '../../../signing/jar/read-existing.ts'
import { composeSignatureFile } from '../../../signing/jar/signature-file.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { createSelfSignedCertificate } from '../../../signing/x509/index.ts'
import { memoryKey } from '../../support/memory-key.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { mutateDer } from '../mutation/der.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('base64')
const files: ReadonlyMap<string, EntryDigests> = new Map(
  ['a/A.class', `b/${'ü'.repeat(60)}`, 'c'].map((name) => [name, new Map([['sha256', sha256(name)]])]),
)
const manifest = Buffer.from(
  `Manifest-Version: 1.0\r\nMain-Class: a.A\r\n\r\nName: a/\r\nSealed: true\r\n\r\nName: a/A.class\r\nSHA1-Digest: AAAA\r\nSHA-256-Digest: ${sha256('a/A.class')}\r\nKept: ${'x'.repeat(60)}\r\n ${'y'.repeat(40)}\r\n\r\n`,
)

/**
 * Manifests, signature files and blocks of Java archives that were changed: each is read or refused with a code, whoever reads it; what
 * is made of a manifest can be read again, says of each file what its digest is, and stays the same when it is made once more.
 */
export const target: FuzzTarget = {
  name: 'jar-manifest',
  async run(request) {
    const signatureFile = composeSignatureFile(composeManifest(undefined, files, 'sha256'), 'sha256')
    const block = await makeBlock(signatureFile)
    return fuzzInputs(request, async (random, seed) => {
      const bytes = mutated(manifest, random)
      try {
        await read(
          bytes,
          random.below(2) === 0 ? signatureFile : mutated(signatureFile, random),
          mutateDer(block, random),
        )
        return tryManifest(bytes)
      } catch (cause) {
        if (cause instanceof SigningError && cause.code.startsWith('JAR_')) return cause.code
        throw new FuzzFailure(seed, bytes, cause instanceof Error ? cause.message : 'no error', { cause })
      }
    })
  },
}

/** Line ends and blanks are what decides, so they change more often than by chance. */
function mutated(input: Buffer, random: SeededRandom): Buffer {
  if (random.below(2) === 0) return mutateBytes(input, random)
  const at = random.below(input.length)
  const put = random.oneOf(['\r', '\n', '\r\n', ' ', ': ', 'Name: c\r\n', '\r\nName: ', '\0', '\u00fc'])
  return Buffer.concat([input.subarray(0, at), Buffer.from(put), input.subarray(at + random.below(3))])
}

async function read(bytes: Buffer, signatureFile: Buffer, block: Buffer): Promise<void> {
  const control = { memory: Buffer.alloc(0), throwIfCancelled: () => {}, progress: () => {} }
  const { signatures } = await doFileWork(
    { manifest: bytes, signatures: [{ place: 'META-INF/A.EC', signatureFile, block }] },
    control,
  )
  const [signature] = signatures
  if (signature?.kind === 'signature' && signature.fitsManifest && !signatureFile.includes('Digest'))
    throw new Error('a signature file without digests fits')
}

function tryManifest(bytes: Buffer): string {
  const atHand = { bytes, read: readManifest(bytes, 'The manifest') }
  const made = composeManifest(atHand, files, 'sha256')
  const again = readManifest(made.bytes, 'What was made')
  for (const name of files.keys()) {
    const section = again.sections.find((each) => each.name === name)
    const digests = section?.attributes.filter(({ name: attribute }) => /-digest$/i.test(attribute)) ?? []
    if (digests.length !== 1 || digests[0]?.value !== sha256(name)) throw new Error(`${name} has another digest`)
  }
  if (!composeManifest({ bytes: made.bytes, read: again }, files, 'sha256').bytes.equals(made.bytes))
    throw new Error('it is another manifest when it is made once more')
  const [longest] = made.bytes
    .toString('latin1')
    .split(/\r\n|\r|\n/)
    .filter((line) => line.length > 72)
  if (longest !== undefined && !bytes.toString('latin1').includes(longest)) throw new Error('a line is too long')
  const extended = extendManifest(atHand, files, 'sha256')
  if (!extended.bytes.subarray(0, bytes.length).equals(bytes)) throw new Error('what was there before has changed')
  readManifest(extended.bytes, 'What was added to')
  return 'accepted'
}

async function makeBlock(signatureFile: Uint8Array): Promise<Buffer> {
  const key = memoryKey('ec-p256')
  const subject = { commonName: 'Signer' }
  const [notBefore, notAfter] = [new Date(Date.now() - 1000), new Date(Date.now() + 86_400_000)]
  const certificate = await createSelfSignedCertificate({ key, subject, notBefore, notAfter })
  const signed = await buildSignedData({
    ...{ version: 1, contentType: objectIdentifiers.data, content: der.octetString(signatureFile), isDetached: true },
    ...{ signer: messageSignerOf(key), certificates: [certificate], embedCertificates: true, hash: 'sha256' },
    signedAttributes: [],
  })
  return Buffer.from(signed)
}
