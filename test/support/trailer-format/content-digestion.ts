import { createHash } from 'node:crypto'
import type { FileDigester, FileDigestion } from '../../../signing/file-passes/index.ts'

/** Which part of a file is digested, and how. */
type Request = { readonly contentSize: number; readonly hashAlgorithm: string }

/** The order to digest a file's content as the file is read. */
export function contentDigestion(request: Request): FileDigestion {
  return { module: import.meta.url, parameters: request }
}

/** In a thread that reads files. */
export function startDigestion({ contentSize, hashAlgorithm }: Request): FileDigester<Uint8Array> {
  const hash = createHash(hashAlgorithm)
  return {
    update: (offset, bytes) => void hash.update(bytes.subarray(0, Math.max(contentSize - offset, 0))),
    finish: () => hash.digest(),
  }
}
