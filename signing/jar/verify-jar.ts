import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { HashAlgorithm } from '../../domain/index.ts'
import type { FileWorkOptions, SignatureExpectation } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { metaInfPath, roleOf } from './file-names.ts'
import { type JarSignatureFiles, type OpenJar, openJar } from './open-jar.ts'
import { type VerifiedBlock, verifyBlock } from './verify-block.ts'
import { type FileToVerify, type StatedDigests, verifyEntries } from './verify-entries.ts'
import type { Coverage, CoveringFiles } from './verify-manifest.ts'

/** A signed JAR file that is as it should be. */
export interface VerifiedJar extends VerifiedBlock {
  readonly manifestHash: HashAlgorithm
  /** Digests of the manifest, by `manifestHash`, and of the signature file, by `hash`; hexadecimal. */
  readonly manifestDigest: string
  readonly signatureFileDigest: string
}

/**
 * Verifies a JAR file that was signed here: manifest first, the files of signatures right behind it, one new signature beside those that
 * were kept, and every file covered.
 *
 * @throws SigningError `JAR_NOT_SIGNED`, `JAR_ORDER_WRONG`, `JAR_ENTRY_NOT_COVERED`, `JAR_ENTRY_DIGEST_MISMATCH`,
 *   `JAR_SIGNATURE_FILE_MISMATCH`, `JAR_KEPT_SIGNATURE_CHANGED`, `JAR_UNSIGNED_CONTENT`; other `JAR_…`, those of archives
 */
export async function verifyJar(
  handle: FileHandle,
  expectation: SignatureExpectation,
  options: FileWorkOptions,
): Promise<VerifiedJar> {
  const { size } = await handle.stat()
  const jar = await openJar({ handle, size }, options)
  const { manifest } = jar
  if (manifest === undefined || jar.signatures.length === 0)
    throw new SigningError('JAR_NOT_SIGNED', 'The archive has no manifest, or no signature.')
  assertOrder(jar)
  const whole = jar.signatures.map(wholeSignature)
  const added = addedSignature(whole, expectation.kept)
  const others = whole.filter((each) => each !== added)
  const verified = verifyBlock(added.block.bytes, added.signatureFile.bytes, expectation)
  const extension = /\.([^.]+)$/.exec(added.block.name)?.[1]
  if (extension !== verified.keyType.toUpperCase())
    throw new SigningError('JAR_MALFORMED', `${added.block.name} holds a signature by a key of another kind.`)
  const parameters: CoveringFiles = {
    manifest: manifest.bytes,
    signatureFile: added.signatureFile.bytes,
    kept: others.map(({ signatureFile: { name, bytes } }) => ({ name, bytes })),
  }
  const module = new URL('./verify-manifest.ts', import.meta.url).href
  const order = { module, parameters }
  const coverage = (await options.passes.parse(order, { signal: options.signal })) as Coverage
  await verifyEntries(handle, statedFor(jar, coverage, others.length > 0), options)
  return {
    ...verified,
    manifestHash: coverage.manifestHash,
    manifestDigest: coverage.manifestDigest,
    signatureFileDigest: createHash(verified.hash).update(added.signatureFile.bytes).digest('hex'),
  }
}

type WholeSignature = {
  readonly signatureFile: NonNullable<JarSignatureFiles['signatureFile']>
  readonly block: NonNullable<JarSignatureFiles['block']>
}

function wholeSignature({ base, signatureFile, block }: JarSignatureFiles): WholeSignature {
  if (signatureFile === undefined || block === undefined)
    throw new SigningError('JAR_MALFORMED', `The signature ${base} lacks its ${block ? 'signature file' : 'block'}.`)
  return { signatureFile, block }
}

/** In the order of the archive, after which readers of streams look: the folder may come first. */
function assertOrder({ archive, otherSignatureFiles }: OpenJar): void {
  const [stray] = otherSignatureFiles
  if (stray !== undefined)
    throw new SigningError('JAR_ENTRY_NOT_COVERED', `No signature covers ${stray.name}, which is named like one.`)
  const inOrder = archive.entries.toSorted((one, other) => one.start - other.start)
  const roles = inOrder.map(({ name }) => roleOf(name).kind)
  const first = inOrder[0]?.name.toUpperCase() === metaInfPath ? 1 : 0
  const behind = roles.findIndex((role, index) => index > first && role === 'content')
  const isLate = (role: string, index: number) => index > behind && role !== 'content'
  if (roles[first] !== 'manifest' || (behind !== -1 && roles.some(isLate)))
    throw new SigningError(
      'JAR_ORDER_WRONG',
      'The manifest must be the first file of the archive, and the files of signatures right behind it.',
    )
}

/** The one that is new: the others must be those that were kept, in their order. */
function addedSignature(found: readonly WholeSignature[], kept: readonly string[]): WholeSignature {
  const identities = found.map(({ block, signatureFile }) => identityOf(block.bytes, signatureFile.bytes))
  const added = found.filter((_, index) => !kept.includes(identities[index] ?? ''))
  const others = identities.filter((identity) => kept.includes(identity))
  const [only, another] = added
  if (only === undefined || another !== undefined || others.join() !== kept.join())
    throw new SigningError(
      'JAR_KEPT_SIGNATURE_CHANGED',
      `The archive has ${found.length} signatures; it must have ${kept.length + 1}, one new and the others as they were.`,
    )
  return only
}

/** SHA-256 over block and signature file, each behind its length of 64 bits. */
function identityOf(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    const length = Buffer.alloc(8)
    length.writeUInt32BE(part.length, 4)
    hash.update(length).update(part)
  }
  return hash.digest('hex')
}

const strong: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512'])

/**
 * The digests of each file. Of an archive that had no other signature it is one, by the hash of the signature file; where others' sections
 * had to stay, one strong one is enough.
 */
function statedFor(
  { files }: OpenJar,
  { sections, manifestHash }: Coverage,
  hasOthers: boolean,
): readonly FileToVerify[] {
  const byName = new Map<string, StatedDigests>(sections)
  return files.map((file) => {
    const stated = byName.get(file.name) ?? []
    const isCovered = hasOthers
      ? stated.some(([hash]) => strong.has(hash))
      : stated.length === 1 && stated[0]?.[0] === manifestHash
    if (!isCovered)
      throw new SigningError('JAR_ENTRY_NOT_COVERED', `The manifest has no digest of ${file.name} as it was planned.`)
    return { ...file, stated }
  })
}
