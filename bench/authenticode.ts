import { open, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { digestPeFile, signPeFile } from '../signing/authenticode/index.ts'
import { FilePasses } from '../signing/file-passes/index.ts'
import { buildPe, writeLargePe } from '../test/support/pe-builder.ts'
import { type JsignToken, startJsign } from './jsign/jsign.ts'
import { type AuthenticodeBenchKey, remove, run, signByJsign, signByOsslsigncode } from './other-signers.ts'

/** One line of the table: both sides did the same work on the same input. */
export interface AuthenticodeFigure {
  readonly work: string
  /** Whom ours is held against. */
  readonly against: string
  readonly ours: number
  readonly theirs: number
  readonly unit: 'files/s' | 's' | 'MB/s'
  /** How many times better ours is: above 1 is faster, whatever the unit. */
  readonly ratio: number
  /** The most resident memory that this process ever had, in MiB; where it was asked for. */
  readonly peakMebibytes?: number
}

/** Where to measure, and with which keys. */
export interface AuthenticodeBenchOptions {
  /** Inputs and outputs go here and are removed; the large file needs 4 GB. */
  readonly folder: string
  readonly keys: readonly [AuthenticodeBenchKey, ...AuthenticodeBenchKey[]]
  /** The token of these keys, for jsign. */
  readonly jsign: JsignToken
}

/** What ours is held against. */
type Opponent = {
  readonly name: string
  /** Whether it is for files of a size in bytes that are signed by such a key; for all when absent. */
  readonly isFor?: (key: AuthenticodeBenchKey, size: number) => boolean
  /** Files that it signs before the clock runs. */
  readonly warmUp: number
  readonly sign: (key: AuthenticodeBenchKey, input: string, output: string) => Promise<void>
}

/**
 * So many files are signed first by jsign, and by us, before the clock runs: by then both virtual machines have compiled
 * what is used.
 */
const machineWarmUp = 300

/**
 * The same session threads, asked for nothing but signatures. SoftHSM2 makes OpenSSL's key and its blinding anew for each RSA
 * signature, which takes longer than all else that is done for a small file, on either side: how far one side can be ahead
 * of the other shows beside this.
 */
const token: Opponent = {
  name: 'the token alone',
  warmUp: 20,
  isFor: ({ key }, size) => key.algorithm.startsWith('rsa') && size < 1_000_000,
  sign: ({ key }) => key.sign('sha256', new Uint8Array(32)).then(() => undefined),
}

/**
 * Measures signing of many files of one size against a spawned osslsigncode, against jsign in a warm Java virtual machine, and
 * small ones by RSA keys against the bare token, one at a time and two at once. Sides take short turns, so that whatever else
 * the machine does meets all.
 *
 * @param size of the file in bytes, and what to call it
 */
export async function benchFiles(
  { folder, keys, jsign }: AuthenticodeBenchOptions,
  { size, name, files }: { readonly size: number; readonly name: string; readonly files: number },
): Promise<readonly AuthenticodeFigure[]> {
  const input = join(folder, 'input.exe')
  if (size < 1_000_000) await writeFile(input, buildPe({ format: 'PE32+', overlay: size - 2048 }).bytes)
  else await writeLargePe(input, size)
  const figures: AuthenticodeFigure[] = []
  const passes = new FilePasses(availableParallelism())
  const machine = await startJsign(folder, jsign, 2)
  const opponents: readonly Opponent[] = [
    { name: 'osslsigncode', warmUp: 2, sign: (key, from, to) => signByOsslsigncode(from, to, key) },
    { name: 'jsign', warmUp: machineWarmUp, sign: (key, from, to) => signByJsign(machine, from, to, key) },
    token,
  ]
  try {
    for (const key of keys)
      for (const lanes of [1, 2]) {
        const work = `sign ${name}, ${key.name}, ${lanes} at once`
        const against = opponents.filter(({ isFor }) => isFor?.(key, size) ?? true)
        figures.push(...(await compareFiles({ input, folder, work, key, lanes, files, passes, opponents: against })))
      }
  } finally {
    await machine.close()
    await passes.close()
  }
  return figures
}

/** Measures the Authenticode digest of 1 GB against `openssl dgst -sha256`. */
export async function benchDigest(folder: string): Promise<AuthenticodeFigure> {
  const input = join(folder, 'digest.exe')
  await writeLargePe(input, 1_000_000_000)
  return compareDigest(input, 1_000_000_000)
}

/** Measures signing 1.5 GB from disk to disk against osslsigncode, and the most memory that this process ever had. */
export async function benchLarge({
  folder,
  keys,
}: Omit<AuthenticodeBenchOptions, 'jsign'>): Promise<AuthenticodeFigure> {
  const input = join(folder, 'large.exe')
  await writeLargePe(input, 1_500_000_000)
  // What is still to be written to the disk would slow down whoever comes first.
  const written = await open(input, 'r+')
  await written.sync()
  await written.close()
  return compareLarge(input, keys[0], folder)
}

type FileComparison = {
  readonly input: string
  readonly folder: string
  readonly work: string
  readonly key: AuthenticodeBenchKey
  readonly lanes: number
  readonly files: number
  readonly passes: FilePasses
  readonly opponents: readonly Opponent[]
}

async function compareFiles(comparison: FileComparison): Promise<readonly AuthenticodeFigure[]> {
  const { input, folder, work, key, lanes, files, passes, opponents } = comparison
  const signOurs = (lane: number) => signHere(input, join(folder, `ours-${lane}.exe`), key, passes)
  const atMost = (warmUp: number) => Math.min(warmUp, 4 * files)
  const sides = opponents.map(({ name, warmUp, sign }) => ({
    name,
    warmUp: atMost(warmUp),
    sign: (lane: number) => sign(key, input, join(folder, `${name}-${lane}.exe`)),
    seconds: 0,
  }))
  await inLanes(lanes, atMost(machineWarmUp), signOurs)
  for (const { sign, warmUp } of sides) await inLanes(lanes, warmUp, sign)
  let ours = 0
  const rounds = 10
  for (let round = 0; round < rounds; round++) {
    ours += await inLanes(lanes, Math.ceil(files / rounds), signOurs)
    for (const side of sides) side.seconds += await inLanes(lanes, Math.ceil(files / rounds), side.sign)
  }
  const count = Math.ceil(files / rounds) * rounds
  return sides.map(({ name, seconds }) => ({
    work: `${work}, against ${name}`,
    against: name,
    unit: 'files/s' as const,
    ours: count / ours,
    theirs: count / seconds,
    ratio: seconds / ours,
  }))
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
  return {
    work: 'digest 1 GB',
    against: 'openssl',
    unit: 'MB/s',
    ours: megabytes / ours,
    theirs: megabytes / theirs,
    ratio: theirs / ours,
  }
}

/**
 * A virtual machine may give freed memory back to its host and pay for every page that it gets again, which costs more
 * than the work itself. So each side runs several times in a row, on the pages of its own output before, and its best
 * time counts.
 */
async function compareLarge(input: string, key: AuthenticodeBenchKey, folder: string): Promise<AuthenticodeFigure> {
  const output = join(folder, 'large-signed.exe')
  const passes = new FilePasses(1)
  const ours = await bestOf(4, output, () => signHere(input, output, key, passes))
  await passes.close()
  const theirs = await bestOf(4, output, () => signByOsslsigncode(input, output, key))
  const peakMebibytes = process.resourceUsage().maxRSS / 1024
  return { work: 'sign 1.5 GB', against: 'osslsigncode', unit: 's', ours, theirs, ratio: theirs / ours, peakMebibytes }
}

async function bestOf(rounds: number, output: string, work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    best = Math.min(best, await inLanes(1, 1, work))
    await rm(output, { force: true })
  }
  return best
}

/**
 * Neither side replaces a file: osslsigncode cannot, and ext4 would begin to write the new file to the disk for us, but
 * not for it.
 */
async function signHere(
  inputPath: string,
  outputPath: string,
  key: AuthenticodeBenchKey,
  passes: FilePasses,
): Promise<void> {
  await remove(outputPath)
  await signPeFile({
    inputPath,
    outputPath,
    key: key.key,
    certificateChain: key.certificateChain,
    hashAlgorithm: 'sha256',
    passes,
  })
}
