import { createHash } from 'node:crypto'
import type { ExistingSignature, HashAlgorithm } from '../../domain/index.ts'
import { describeReplaced, type ExistingPlace, judgeOnly } from '../authenticode/index.ts'
import { foreignHashes } from '../cms/index.ts'
import type { FileDigester, FileDigestion } from '../file-passes/index.ts'
import type { ForeignTrust, ForeignVerdict } from '../foreign-verifier.ts'
import { readCatalog } from './catalog-structure.ts'

/** Which catalog is digested, and by which algorithm. */
export interface CatalogDigestionRequest {
  /** Bytes of the file. */
  readonly size: number
  readonly hashAlgorithm: HashAlgorithm
}

/** What was found in a catalog as it was read. */
export interface DigestedCatalog {
  /** Where its list is in the file, in bytes. */
  readonly list: { readonly offset: number; readonly length: number }
  /** Of the list's content, as a signature will hold it. */
  readonly digest: Uint8Array
  readonly existingSignatures: readonly ExistingSignature[]
}

/** The order for a thread that reads files to digest a catalog as well: it gives a {@link DigestedCatalog}. */
export function catalogDigestion(request: CatalogDigestionRequest): FileDigestion {
  return { module: import.meta.url, parameters: request }
}

/** In that thread: keeps the catalog, which is bounded, and reads it when it is whole. */
export function startDigestion({ size, hashAlgorithm }: CatalogDigestionRequest): FileDigester<DigestedCatalog> {
  const catalog = Buffer.alloc(size)
  return {
    update: (offset, bytes) => void catalog.set(bytes, offset),
    finish: () => digestCatalog(catalog, hashAlgorithm),
  }
}

/**
 * Finds the list of a catalog and digests it, and describes the signature that it has.
 *
 * @throws SigningError `CATALOG_MALFORMED`
 */
export function digestCatalog(catalog: Buffer, hashAlgorithm: HashAlgorithm): DigestedCatalog {
  const { list, isSigned } = readCatalog(catalog)
  const digestBy = digestOf(list.content)
  return {
    list: { offset: list.position, length: list.encoded.length },
    digest: digestBy(hashAlgorithm),
    existingSignatures: isSigned ? describeReplaced(catalog, placeOf(digestBy), digestBy) : [],
  }
}

/**
 * Judges the signature of a catalog, whoever made it.
 *
 * @throws SigningError `CATALOG_MALFORMED`
 */
export function judgeCatalog(catalog: Buffer, trust: ForeignTrust): ForeignVerdict {
  const { list, isSigned } = readCatalog(catalog)
  if (!isSigned) return { isAccepted: false, signatures: [] }
  const digestBy = digestOf(list.content)
  return judgeOnly({ encoded: catalog }, placeOf(digestBy), digestBy, trust)
}

function digestOf(list: Uint8Array): (hash: string) => Buffer {
  return (hash) => createHash(hash).update(list).digest()
}

/** A signature of a catalog is about the list beside it: it can only be of another one when somebody changed the list. */
function placeOf(digestBy: (hash: string) => Uint8Array): ExistingPlace {
  return {
    place: 'catalog',
    statedDigest({ signer }) {
      const hash = foreignHashes.get(signer.digestAlgorithm)
      return { hash, digest: hash === undefined ? new Uint8Array() : digestBy(hash) }
    },
  }
}
