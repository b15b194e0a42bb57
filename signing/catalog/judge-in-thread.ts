import { type DoFileWork, fillBlocking } from '../file-passes/index.ts'
import type { ForeignTrust, ForeignVerdict } from '../foreign-verifier.ts'
import { judgeCatalog } from './catalog-digestion.ts'

/** What a thread judges. */
export interface CatalogToJudge {
  /** File descriptor, open for reading. */
  readonly input: number
  /** Bytes of the file. */
  readonly size: number
  readonly trust: ForeignTrust
}

/** In a thread that reads what others made: reads a catalog and judges its signature. */
export const doFileWork: DoFileWork<CatalogToJudge, ForeignVerdict> = async ({ input, size, trust }) => {
  const catalog = Buffer.alloc(size)
  fillBlocking(input, { offset: 0, bytes: catalog })
  return judgeCatalog(catalog, trust)
}
