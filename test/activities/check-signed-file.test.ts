import { createHash } from 'node:crypto'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { checkSignedFile, type SignaturePromise } from '../../activities/check-signed-file.ts'
import { digestPeFile, peFormat, signPeFile } from '../../signing/authenticode/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { makeIdentity } from '../support/openssl.ts'
import { buildPe } from '../support/pe-builder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const options = { passes: new FilePasses(1) }
afterAll(() => options.passes.close())

/** A file that was signed with one chain of certificates, and what a plan promises of it. */
async function signedFile() {
  const folder = temporaryFolder()
  const identity = await makeIdentity(folder, 'ec-p256')
  const inputPath = join(folder, 'input.exe')
  await writeFile(inputPath, buildPe({ format: 'PE32+' }).bytes)
  const contentDigest = (await digestPeFile(inputPath, 'sha256')).toString('hex')
  async function signed(certificateChain: readonly Uint8Array[]) {
    const outputPath = join(folder, 'output.exe')
    await signPeFile({ inputPath, outputPath, key: identity.key, certificateChain, hashAlgorithm: 'sha256' })
    const file = await open(outputPath)
    onTestFinished(() => file.close())
    return { format: peFormat as SignatureFormat, handle: file, fileName: 'output.exe' }
  }
  const promise = (certificateChain: readonly Uint8Array[]): SignaturePromise => ({
    plan: { timestamp: 'none', certificateThumbprint: sha256(certificateChain[0] ?? new Uint8Array()) },
    directives: [
      {
        directive: 'authenticode-sign',
        attributes: { 'hash-algorithm': 'sha256', append: false, description: null, 'description-url': null },
        contentDigests: [{ content: 'image', algorithm: 'sha256', digest: contentDigest }],
      },
    ],
    existingSignatures: [],
    certificateChain,
    trustedTimestampCertificates: undefined,
    at: new Date(),
  })
  return { identity, signed, promise }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

test('a signature is checked against the chain that is configured, whether its root is in it or not', async () => {
  const { identity, signed, promise } = await signedFile()
  const { chain } = identity
  for (const configured of [chain, chain.slice(0, -1)])
    expect(await checkSignedFile(await signed(configured), promise(configured), options)).toEqual([
      { directive: 'authenticode-sign', timestamp: null },
    ])
})

test('and must carry just that chain, and be of just that certificate', async () => {
  const { identity, signed, promise } = await signedFile()
  const { chain } = identity
  const refused = (said: string) => ({ code: 'SIGNATURE_NOT_AS_PLANNED', message: expect.stringContaining(said) })
  await expect(checkSignedFile(await signed(chain.slice(0, -1)), promise(chain), options)).rejects.toMatchObject(
    refused('the certificate chain'),
  )
  const other = promise(chain)
  const withThumbprint = { ...other, plan: { ...other.plan, certificateThumbprint: 'ab'.repeat(32) } }
  await expect(checkSignedFile(await signed(chain), withThumbprint, options)).rejects.toMatchObject(
    refused('the certificate is'),
  )
})
