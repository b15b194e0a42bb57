import type { FileHandle } from 'node:fs/promises'
import type { ExistingSignature, HashAlgorithm } from '../../domain/index.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { type ComposedManifest, composeManifest, extendManifest, type ManifestAtHand } from './compose-manifest.ts'
import { digestEntries } from './digest-entries.ts'
import { existingSignature, judgeContent, statedDigests } from './judge-content.ts'
import { type OpenJar, openJar } from './open-jar.ts'
import type { ExistingFiles, ReadExisting } from './read-existing.ts'
import { composeSignatureFile } from './signature-file.ts'

/** What is asked for a JAR file. */
export interface JarOrder {
  /** Of the digests in manifest and signature file. */
  readonly manifestHash: HashAlgorithm
  /** Whether signatures that are there stay. */
  readonly append: boolean
}

/** A JAR file with everything that its signature needs but the key. */
export interface PreparedJar {
  readonly jar: OpenJar
  readonly manifest: ComposedManifest
  readonly signatureFile: Buffer
  /** The name of the new signature's files, without their endings. */
  readonly base: string
  readonly existing: readonly ExistingSignature[]
}

/**
 * Reads a JAR file and the signatures that it has, digests what is in it, and makes the manifest and the signature file. The same file and
 * order give the same bytes.
 *
 * @throws SigningError `JAR_…`; those of archives
 */
export async function prepareJar(
  file: { readonly handle: FileHandle; readonly size: number },
  { manifestHash, append }: JarOrder,
  options: FileWorkOptions,
): Promise<PreparedJar> {
  const jar = await openJar(file, options)
  const read = await readExisting(jar, options)
  const isSigned = jar.signatures.length > 0
  const stated = new Map(
    isSigned ? read.manifest?.sections.map((section) => [section.name, statedDigests(section)]) : [],
  )
  const hashesFor = (name: string) => [...new Set([manifestHash, ...(stated.get(name) ?? []).map(({ hash }) => hash)])]
  const digests = await digestEntries(file.handle, jar.files, hashesFor, options)
  const keeps = append && isSigned
  const verdicts = read.manifest === undefined || !isSigned ? new Map() : judgeContent(read.manifest, digests)
  const outcome = keeps ? 'kept' : 'replaced'
  const existing = read.signatures.map((each) => existingSignature(each, outcome, verdicts, digests))
  if (keeps) assertCanBeKept(existing, jar)
  const atHand: ManifestAtHand | undefined =
    jar.manifest === undefined || read.manifest === undefined
      ? undefined
      : { bytes: jar.manifest.bytes, read: read.manifest }
  const manifest =
    keeps && atHand !== undefined
      ? extendManifest(atHand, digests, manifestHash)
      : composeManifest(atHand, digests, manifestHash)
  return {
    jar,
    manifest,
    signatureFile: composeSignatureFile(manifest, manifestHash),
    base: freeBase(keeps ? jar.signatures.map(({ base }) => base) : []),
    existing,
  }
}

/** Reads what an archive has of manifest and signatures, in a thread. */
export async function readExisting(jar: OpenJar, { passes, signal }: FileWorkOptions): Promise<ReadExisting> {
  const { manifest, signatures } = jar
  if (manifest === undefined && signatures.length === 0) return { manifest: undefined, signatures: [] }
  const parameters: ExistingFiles = {
    manifest: manifest?.bytes,
    signatures: signatures.map(({ base, signatureFile, block }) => ({
      place: block?.name ?? signatureFile?.name ?? base,
      signatureFile: signatureFile?.bytes,
      block: block?.bytes,
    })),
  }
  const module = new URL('./read-existing.ts', import.meta.url).href
  return (await passes.parse({ module, parameters }, { signal })) as ReadExisting
}

/** Adding to what nobody accepts makes an archive that nobody accepts. */
function assertCanBeKept(existing: readonly ExistingSignature[], { otherSignatureFiles }: OpenJar): void {
  for (const signature of existing) {
    if (signature.kind === 'unreadable')
      throw new SigningError(
        'JAR_EXISTING_SIGNATURE_INVALID',
        `A signature cannot be added to ${signature.place}, which cannot be read: ${signature.reason}`,
      )
    if (signature.integrity !== 'intact')
      throw new SigningError(
        'JAR_EXISTING_SIGNATURE_INVALID',
        `A signature cannot be added to ${signature.place} of ${signature.signer ?? 'an unknown signer'}, which is not valid: ${whyInvalid(signature.integrity)}.`,
      )
  }
  const [other] = otherSignatureFiles
  if (other !== undefined)
    throw new SigningError(
      'JAR_EXISTING_SIGNATURE_UNSUPPORTED',
      `A signature cannot be added to those of this archive, only take their place: no signature covers ${other.name}.`,
    )
}

function whyInvalid(integrity: 'fileChanged' | 'invalid' | 'unchecked'): string {
  switch (integrity) {
    case 'fileChanged':
      return 'what it covers was changed after it was signed'
    case 'invalid':
      return "it was not made by its certificate's key"
    case 'unchecked':
      return 'it uses an algorithm that is not known, or its certificate is not there'
  }
}

/** At most eight characters, as the tools that make such names have it. */
const ownBase = 'CSIGN'

function freeBase(taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const base = number === 1 ? ownBase : `${ownBase}${number}`
    if (!taken.includes(base)) return base
  }
}
