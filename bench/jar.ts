import { execFile } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { copyFile, open, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FilePasses } from '../signing/file-passes/index.ts'
import { jarFormat } from '../signing/jar/index.ts'
import { seededRandom } from '../test/support/seeded-random.ts'
import { softwareKey } from '../test/support/software-key.ts'
import { buildZip } from '../test/support/zip-builder.ts'
import { median } from './median.ts'

const run = promisify(execFile)
const password = 'changeit'

/** How long an archive takes to be signed, in milliseconds. */
export interface JarFigure {
  /** Planned, signed and verified here. */
  readonly ours: number
  /** Signed by a spawned jarsigner. */
  readonly jarsigner: number
  readonly bytes: number
}

/**
 * Measures an archive of 2,600 classes, about 5.4 MB, signed by the same RSA key: here planned, signed and verified, as the signer does
 * with every file, and by a spawned jarsigner, which signs alone. Sides take turns.
 */
export async function benchJar(folder: string): Promise<JarFigure> {
  const [input, copy, store] = [join(folder, 'input.jar'), join(folder, 'copy.jar'), join(folder, 'store.p12')]
  const archive = buildZip([
    { name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\r\n\r\n' },
    ...Array.from({ length: 2600 }, (_, index) => ({
      name: `com/example/p${index % 60}/Class${index}.class`,
      content: classOf(index),
    })),
  ])
  await writeFile(input, archive)
  const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:3072', '-nodes', '-keyout', keyFile, '-out', certificateFile, '-days', '2'],
    ...[
      '-subj',
      '/CN=bench',
      '-addext',
      'extendedKeyUsage=codeSigning',
      '-addext',
      'keyUsage=critical,digitalSignature',
    ],
  ])
  await run('openssl', [
    ...['pkcs12', '-export', '-in', certificateFile, '-inkey', keyFile, '-name', 'bench'],
    ...['-passout', `pass:${password}`, '-out', store],
  ])
  const key = softwareKey('rsa-3072', createPrivateKey(await readFile(keyFile)))
  const certificateChain = [new X509Certificate(await readFile(certificateFile)).raw]
  const passes = new FilePasses(availableParallelism())
  let signed = 0
  const ours = async () => {
    await copyFile(input, copy)
    const handle = await open(copy, 'r+')
    const file = { handle, size: archive.length, layout: { size: archive.length }, digested: undefined }
    const { directives } = await jarFormat.plan(file, [{ directive: 'jar-sign', attributes: {} }], { passes })
    const spool = join(folder, `signed-${signed++}.jar`)
    const means = { key, certificateChain, timestamps: undefined }
    const output = await jarFormat.sign(file, directives, means, { passes, spoolPath: () => spool })
    if (output === undefined) throw new Error('Nothing was written.')
    const expectation = { fileName: 'copy.jar', directives, kept: [], certificateChain, at: new Date() }
    await jarFormat.verify(output, { ...expectation, trustedTimestampCertificates: undefined }, { passes })
    await Promise.all([output.close(), handle.close()])
    await rm(spool)
  }
  const theirs = async () => {
    await copyFile(input, copy)
    await run('jarsigner', ['-keystore', store, '-storepass', password, copy, 'bench'])
  }
  try {
    for (let warmUp = 0; warmUp < 5; warmUp++) await ours()
    const [own, other]: [number[], number[]] = [[], []]
    for (let round = 0; round < 5; round++) {
      other.push(await timed(theirs))
      for (let turn = 0; turn < 3; turn++) own.push(await timed(ours))
    }
    return { ours: median(own), jarsigner: median(other), bytes: archive.length }
  } finally {
    await passes.close()
  }
}

/** Bytes that deflate by a half, as those of classes do. */
function classOf(index: number): Buffer {
  const random = seededRandom(index)
  return Buffer.from(Array.from({ length: 3400 + random.below(400) }, () => random.below(24)))
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
