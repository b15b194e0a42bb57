import { hash as digestOnce } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { z } from 'zod'
import { type DirectiveOrder, hashAlgorithms, keyAlgorithms } from '../../domain/index.ts'
import { onlyDirective } from '../directives.ts'
import type { DirectiveDefinition, FileParts, FileWorkOptions, SignatureFormat } from '../signature-format.ts'
import { metaInfPath, roleOf } from './file-names.ts'
import { type PreparedJar, prepareJar } from './prepare-jar.ts'
import { signJar } from './sign-jar.ts'
import { verifyJar } from './verify-jar.ts'

const attributes = z.strictObject({
  'manifest-hash-algorithm': z
    .enum(hashAlgorithms)
    .default('sha256')
    .meta({ title: 'digest algorithm of entries', description: 'Of the digests in manifest and signature file.' }),
  'hash-algorithm': z.enum(hashAlgorithms).default('sha256').meta({ title: 'digest algorithm' }),
  append: z
    .boolean()
    .default(false)
    .meta({ title: 'append', description: 'Whether signatures that the archive has already are kept.' }),
})

const jarSign: DirectiveDefinition = {
  name: 'jar-sign',
  attributes,
  // Kept signatures are in the archive; that they were to be kept is not.
  untraceable: ['append'],
  keyAlgorithms,
  timestamps: true,
  embeddedCertificates: (chain) => chain,
}

/** What digests are called in plans. */
const contents = { manifest: 'manifest', signatureFile: 'signature file' } as const

/**
 * What is read beforehand: nothing but the size, because everything else is read where time and memory are limited. An object of its own for
 * each reading of a file.
 */
type JarLayout = { readonly size: number }

/** Java archives, and ZIP archives that are signed as such, after the JAR File Specification. */
export const jarFormat: SignatureFormat<JarLayout, undefined> = {
  name: 'jar',
  title: 'Java archives (jar, war, ear, aab)',
  elements: ['jar-file', 'zip-file'],
  directives: [jarSign],
  detect: async (file) => {
    if (!(await isArchive(file))) return 'foreign'
    if (/\.apk$/i.test(file.name))
      return { unsupported: 'is an Android package, which devices do not take with a signature of a JAR file alone' }
    return (await isJar(file)) ? 'recognized' : 'foreign'
  },

  ownsEntry: (name) => name === metaInfPath || roleOf(name).kind !== 'content',

  // The directory is at the end.
  checkStart: async () => ({ isSigned: false }),

  defaultOrders: ({ existingSignatures }) => [
    { directive: jarSign.name, attributes: { append: existingSignatures === 'append' } },
  ],

  readLayout: async (_handle, size) => ({ size }),

  digestion: () => undefined,

  async plan(file, orders, options) {
    const order = onlyDirective(orders)
    const { manifestHash, hash } = wanted(order)
    const { manifest, signatureFile, existing } = await prepared(file, order, options)
    return {
      existingSignatures: existing,
      directives: [
        {
          ...order,
          contentDigests: [
            { content: contents.manifest, algorithm: manifestHash, digest: digestOnce(manifestHash, manifest.bytes) },
            { content: contents.signatureFile, algorithm: hash, digest: digestOnce(hash, signatureFile) },
          ],
        },
      ],
    }
  },

  async sign(file, directives, means, options) {
    const directive = onlyDirective(directives)
    const { hash, append } = wanted(directive)
    return signJar(await prepared(file, directive, options), { hash, append, means }, options)
  },

  async verify(handle, expectation, options) {
    const found = await verifyJar(handle, expectation, options)
    return [
      {
        directive: jarSign.name,
        attributes: { 'manifest-hash-algorithm': found.manifestHash, 'hash-algorithm': found.hash },
        contentDigests: [
          { content: contents.manifest, algorithm: found.manifestHash, digest: found.manifestDigest },
          { content: contents.signatureFile, algorithm: found.hash, digest: found.signatureFileDigest },
        ],
        signerCertificate: found.signerCertificate,
        certificates: found.certificates,
        timestamp: found.timestamp,
      },
    ]
  },
}

function wanted(order: DirectiveOrder) {
  const given = attributes.parse(order.attributes)
  return {
    manifestHash: given['manifest-hash-algorithm'],
    hash: given['hash-algorithm'],
    append: given.append,
  }
}

/** What was prepared of a file when it was planned is what it is signed with: nobody else writes to a copy of the signer. */
const planned = new WeakMap<JarLayout, { readonly order: string; readonly prepared: Promise<PreparedJar> }>()

function prepared(
  { handle, size, layout }: { readonly handle: FileHandle; readonly size: number; readonly layout: JarLayout },
  order: DirectiveOrder,
  options: FileWorkOptions,
): Promise<PreparedJar> {
  const { manifestHash, append } = wanted(order)
  const key = `${manifestHash} ${append}`
  const known = planned.get(layout)
  if (known?.order === key) return known.prepared
  const made = prepareJar({ handle, size }, { manifestHash, append }, options)
  planned.set(layout, { order: key, prepared: made })
  return made
}

const archiveStart = Buffer.from('PK\x03\x04', 'latin1')

async function isArchive({ readPart }: FileParts): Promise<boolean> {
  return (await readPart(0, archiveStart.length)).equals(archiveStart)
}

/** Named like one, or begins as every tool that makes them lets them begin: with the manifest, or the folder that it is in. */
async function isJar({ name, readPart }: FileParts): Promise<boolean> {
  if (/\.(?:jar|war|ear|aab)$/i.test(name)) return true
  const header = await readPart(0, localHeaderSize)
  if (header.length < localHeaderSize) return false
  const first = (await readPart(localHeaderSize, header.readUInt16LE(26))).toString('latin1')
  return first.toUpperCase() === metaInfPath || roleOf(first).kind === 'manifest'
}

const localHeaderSize = 30
