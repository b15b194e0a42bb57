import { join } from 'node:path'
import { digestPeFile, signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { makeIdentity } from './openssl.ts'
import { writeLargePe } from './pe-builder.ts'

/**
 * A process that signs a program of the given size, for tests that look at its memory:
 * `node authenticode-child.ts FOLDER SIZE`. Prints the number of signatures and its peak resident memory as JSON.
 */
const [folder = '', size = ''] = process.argv.slice(2)
const inputPath = join(folder, 'large.exe')
const outputPath = join(folder, 'signed.exe')
await writeLargePe(inputPath, Number(size))
const { key, chain, root } = await makeIdentity(folder, 'ec-p256')
const { imageDigest } = await signPeFile({
  inputPath,
  outputPath,
  key,
  certificateChain: chain,
  hashAlgorithm: 'sha256',
})
const digest = await digestPeFile(outputPath, 'sha256')
const signatures = await verifyPeFile({ path: outputPath, trustedCertificates: [root] })
const peakMebibytes = process.resourceUsage().maxRSS / 1024
process.stdout.write(JSON.stringify({ signatures: digest.equals(imageDigest) ? signatures.length : 0, peakMebibytes }))
