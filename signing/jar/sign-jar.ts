import { type FileHandle, open } from 'node:fs/promises'
import { type InsertedEntry, rewriteZip, type ZipChanges, type ZipEntry } from '../../archives/index.ts'
import type { HashAlgorithm } from '../../domain/index.ts'
import { buildSignedData, der, encodeAttribute, messageSignerOf, objectIdentifiers } from '../cms/index.ts'
import type { SigningMeans, SigningWorkOptions } from '../signature-format.ts'
import { manifestPath, metaInfPath } from './file-names.ts'
import type { JarFile, OpenJar } from './open-jar.ts'
import type { PreparedJar } from './prepare-jar.ts'

/** By what a signature is made. */
export interface JarSigning {
  /** Of the signature file, and of what the key signs. */
  readonly hash: HashAlgorithm
  /** Whether signatures that are there stay. */
  readonly append: boolean
  readonly means: SigningMeans
}

/**
 * Signs a JAR file into another one: manifest first, the files of signatures right behind it, everything else as it was.
 *
 * @returns open for reading and writing, in the place that `spoolPath` named
 * @throws SigningError as making SignedData, rewriting archives, key and authority do
 */
export async function signJar(
  prepared: PreparedJar,
  signing: JarSigning,
  options: SigningWorkOptions,
): Promise<FileHandle> {
  const { jar, base, signatureFile } = prepared
  const block = await makeBlock(signatureFile, signing, options.signal)
  const { algorithm } = signing.means.key
  const changes = changesOf(prepared, signing.append, [
    { name: `${metaInfPath}${base}.SF`, content: signatureFile },
    { name: `${metaInfPath}${base}.${algorithm.startsWith('rsa-') ? 'RSA' : 'EC'}`, content: block },
  ])
  const output = await open(options.spoolPath(), 'wx+', 0o600)
  try {
    await rewriteZip(jar.archive, changes, { ...options, output })
    return output
  } catch (error) {
    await output.close()
    throw error
  }
}

/** SignedData over the signature file, which stands outside (JAR File Specification, "Signature Block File"). */
async function makeBlock(
  signatureFile: Uint8Array,
  { hash, means }: JarSigning,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { key, certificateChain, timestamps } = means
  const [signerCertificate = new Uint8Array()] = certificateChain
  return buildSignedData({
    version: 1,
    contentType: objectIdentifiers.data,
    content: der.octetString(signatureFile),
    isDetached: true,
    signer: messageSignerOf(key),
    certificates: certificateChain,
    embedCertificates: true,
    hash,
    signedAttributes: [],
    ...(timestamps !== undefined && {
      unsignedAttributes: async (signature) => {
        const token = await timestamps.timestamp({ signature, hashAlgorithm: hash, signerCertificate, signal })
        return [encodeAttribute(objectIdentifiers.timestampToken, token)]
      },
    }),
  })
}

type NewFile = Pick<InsertedEntry, 'name' | 'content'>

/** What the archive gets, and what goes: files that are not in their place are taken out and put in again. */
function changesOf({ jar, manifest }: PreparedJar, append: boolean, added: readonly NewFile[]): ZipChanges {
  const inOrder = jar.archive.entries.toSorted((one, other) => one.start - other.start)
  const kept = append ? keptFiles(jar, inOrder) : []
  const old = [
    ...jar.signatures.flatMap(({ signatureFile, block }) => [signatureFile, block]),
    ...jar.otherSignatureFiles,
  ]
  const gone = append ? [] : old.flatMap((file) => (file === undefined ? [] : [file.entry]))
  const first = inOrder[0]?.name.toUpperCase() === metaInfPath ? 1 : 0
  const own = jar.manifest
  const manifestStays = own !== undefined && inOrder[first] === own.entry
  const keptStay = manifestStays && kept.every(({ entry }, index) => inOrder[first + 1 + index] === entry)
  const removed = new Set(gone.map(({ index }) => index))
  if (own !== undefined && !manifestStays) removed.add(own.entry.index)
  if (!keptStay) for (const { entry } of kept) removed.add(entry.index)
  const staying = inOrder.slice(first + (manifestStays ? 1 : 0) + (keptStay ? kept.length : 0))
  const before = staying.find(({ index }) => !removed.has(index))?.index ?? 'end'
  const newManifest = { name: own?.name ?? manifestPath, content: manifest.bytes }
  // New files get time and attributes of the manifest; an archive without one says nothing of them.
  const like = own === undefined ? {} : { like: own.entry.index }
  const inserted = [
    ...(manifestStays ? [] : [{ ...newManifest, ...like }]),
    ...(keptStay ? [] : kept.map(({ name, bytes, entry }) => ({ name, content: bytes, like: entry.index }))),
    ...added.map((each) => ({ ...each, ...like })),
  ].map((each): InsertedEntry => ({ ...each, before, method: 'deflated' }))
  return {
    ...(manifestStays && { replaced: new Map([[own.entry.index, manifest.bytes]]) }),
    removed,
    inserted,
  }
}

/** The files of signatures that stay, in the order of the archive. */
function keptFiles(
  { signatures }: OpenJar,
  inOrder: readonly ZipEntry[],
): readonly (JarFile & { readonly bytes: Buffer })[] {
  const files = signatures.flatMap(({ signatureFile, block }) => [signatureFile, block])
  const byEntry = new Map(files.flatMap((file) => (file === undefined ? [] : [[file.entry, file] as const])))
  return inOrder.flatMap((entry) => byEntry.get(entry) ?? [])
}
