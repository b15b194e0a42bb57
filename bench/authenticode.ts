import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestPeFile, signPeFile } from '../signing/authenticode/index.ts'
import type { SigningKey } from '../signing/signing-key.ts'
import { buildPe, writeLargePe } from '../test/support/pe-builder.ts'

/** A key, and how osslsigncode reaches the same one. */
export interface AuthenticodeBenchKey {
  /** Such as `P-256` or `RSA-3072`. */
  readonly name: string
  readonly key: SigningKey
  /** DER certificates, leaf first. */
  readonly certificateChain: readonly Uint8Array[]
  /**
   * What `osslsigncode sign` needs for the same signature: `-certs FILE` and either `-key FILE`, or `-pkcs11engine FILE
   * -pkcs11module FILE -key URI -readpass FILE`.
   */
  readonly osslsigncodeArguments: readonly string[]
}

/** One line of the table: both sides did the same work on the same input. */
export interface AuthenticodeFigure {
  readonly work: string
  readonly ours: number
  readonly theirs: number
  readonly unit: 'files/s' | 's' | 'MB/s'
  /** How many times better ours is: above 1 is faster, whatever the unit. */
  readonly ratio: number
  /** Peak resident memory of this process while it worked, in MiB; where it was asked for. */
  readonly peakMebibytes?: number
}

/** How much is measured: sizes in bytes, and how often. */
export interface AuthenticodeBenchOptions {
  /** Inputs and outputs go here and are removed; it needs 4 GB for the full sizes. */
  readonly folder: string
  readonly keys: readonly [AuthenticodeBenchKey, ...AuthenticodeBenchKey[]]
  readonly smallSize?: number
  readonly mediumSize?: number
  readonly digestSize?: number
  readonly largeSize?: number
  readonly smallFiles?: number
  readonly mediumFiles?: number
}

/**
 * Measures signing of small, medium and large programs against a spawned osslsigncode, one at a time and two at once,
 * and the Authenticode digest against `openssl dgst -sha256`. Sides take turns, so that whatever else the machine does
 * meets both.
 */
export async function benchAuthenticode(options: AuthenticodeBenchOptions): Promise<readonly AuthenticodeFigure[]> {
  const { folder, keys, smallFiles = 200, mediumFiles = 30 } = options
  const sizes = { small: options.smallSize ?? 108_000, medium: options.mediumSize ?? 10_000_000 }
  await mkdir(folder, { recursive: true })
  const figures: AuthenticodeFigure[] = []
  const [small, medium, large] = [join(folder, 'small.exe'), join(folder, 'medium.exe'), join(folder, 'large.exe')]
  try {
    await writeFile(small, buildPe({ format: 'PE32+', overlay: sizes.small - 2048 }).bytes)
    await writeLargePe(medium, sizes.medium)
    for (const key of keys)
      for (const lanes of [1, 2]) {
        figures.push(
          await compareFiles(small, `sign 108 KB, ${key.name}, ${lanes} at once`, key, lanes, smallFiles, folder),
        )
        figures.push(
          await compareFiles(medium, `sign 10 MB, ${key.name}, ${lanes} at once`, key, lanes, mediumFiles, folder),
        )
      }
    await writeLargePe(large, options.digestSize ?? 1_000_000_000)
    figures.push(await compareDigest(large, options.digestSize ?? 1_000_000_000))
    await writeLargePe(large, options.largeSize ?? 1_500_000_000)
    figures.push(await compareLarge(large, keys[0], folder))
    return figures
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function compareFiles(
  input: string,
  work: string,
  key: AuthenticodeBenchKey,
  lanes: number,
  files: number,
  folder: string,
): Promise<AuthenticodeFigure> {
  const signOurs = (lane: number) => signHere(input, join(folder, `ours-${lane}.exe`), key)
  const signTheirs = (lane: number) => signByOsslsigncode(input, join(folder, `theirs-${lane}.exe`), key)
  await inLanes(lanes, Math.min(files, 10), signOurs)
  await inLanes(lanes, 2, signTheirs)
  let ours = 0
  let theirs = 0
  const rounds = 4
  for (let round = 0; round < rounds; round++) {
    ours += await inLanes(lanes, Math.ceil(files / rounds), signOurs)
    theirs += await inLanes(lanes, Math.ceil(files / rounds), signTheirs)
  }
  const count = Math.ceil(files / rounds) * rounds
  return { work, unit: 'files/s', ours: count / ours, theirs: count / theirs, ratio: theirs / ours }
}

/** Does the work `count` times, spread over lanes that run at once; answers with the seconds that it took. */
async function inLanes(lanes: number, count: number, work: (lane: number) => Promise<unknown>): Promise<number> {
  let left = count
  const start = performance.now()
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (left-- > 0) await work(lane)
    }),
  )
  return (performance.now() - start) / 1000
}

async function compareDigest(input: string, size: number): Promise<AuthenticodeFigure> {
  let ours = Number.POSITIVE_INFINITY
  let theirs = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3; round++) {
    theirs = Math.min(theirs, await inLanes(1, 1, () => run('openssl', ['dgst', '-sha256', input])))
    ours = Math.min(ours, await inLanes(1, 1, () => digestPeFile(input, 'sha256')))
  }
  const megabytes = size / 1e6
  return { work: 'digest 1 GB', unit: 'MB/s', ours: megabytes / ours, theirs: megabytes / theirs, ratio: theirs / ours }
}

async function compareLarge(input: string, key: AuthenticodeBenchKey, folder: string): Promise<AuthenticodeFigure> {
  const output = join(folder, 'large-signed.exe')
  let ours = Number.POSITIVE_INFINITY
  let theirs = Number.POSITIVE_INFINITY
  let peak = 0
  const watch = () => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  for (let round = 0; round < 3; round++) {
    ours = Math.min(ours, await inLanes(1, 1, () => signHere(input, output, key, watch)))
    await rm(output)
    theirs = Math.min(theirs, await inLanes(1, 1, () => signByOsslsigncode(input, output, key)))
    await rm(output)
  }
  const peakMebibytes = peak / 1024 / 1024
  return { work: 'sign 1.5 GB', unit: 's', ours, theirs, ratio: theirs / ours, peakMebibytes }
}

function signHere(inputPath: string, outputPath: string, key: AuthenticodeBenchKey, onProgress?: () => void) {
  return signPeFile({
    inputPath,
    outputPath,
    key: key.key,
    certificateChain: key.certificateChain,
    hashAlgorithm: 'sha256',
    ...(onProgress !== undefined && { onProgress }),
  })
}

/** osslsigncode does not replace a file, so the one of the time before goes first; that costs it nothing to speak of. */
async function signByOsslsigncode(input: string, output: string, key: AuthenticodeBenchKey): Promise<void> {
  await rm(output, { force: true })
  await run('osslsigncode', ['sign', ...key.osslsigncodeArguments, '-h', 'sha256', '-in', input, '-out', output])
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'ignore' })
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with status ${status}`)
}
