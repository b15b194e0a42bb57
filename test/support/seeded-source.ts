import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Source } from '../../domain/index.ts'
import { promised, read, type SourceKind } from '../../sources/index.ts'
import { smallPeFile } from './small-pe-file.ts'

/** A program that is made when it is retrieved, from a seed. */
export type SeededSource = Source<'seeded', { readonly seed: string }>

/** How the making goes; a test changes it. */
export type Making = {
  /** Thrown instead of making the program. */
  failure?: Error | undefined
  /** Made instead of what the seed gives. */
  seed?: string
}

const form = z.strictObject({
  kind: z.string(),
  seed: z.string().min(1),
  fileName: z.string(),
  sha256: z.string().optional(),
})

/** The program of a seed. */
export function seededProgram(seed: string): Buffer {
  return smallPeFile(createHash('sha256').update(seed).digest())
}

/** A kind of source that no room knows: submitted as `{ kind: 'seeded', seed, fileName, sha256? }`. */
export function seededSource(making: Making = {}): SourceKind<SeededSource> {
  return {
    kind: 'seeded',
    details: z.strictObject({ seed: z.string() }),
    async check(submitted) {
      const { seed, fileName, sha256 = null } = read(form, submitted)
      return {
        kind: 'seeded',
        fileName,
        sha256: sha256 as SeededSource['sha256'],
        size: null,
        isAtHand: false,
        secretsId: null,
        details: { seed },
      }
    },
    async retrieve(source, { put }) {
      async function* bytes() {
        if (making.failure !== undefined) throw making.failure
        yield seededProgram(making.seed ?? source.details.seed)
      }
      const { fileName } = source.sha256 === null ? { fileName: String(source.fileName) } : promised(source)
      return { fileName, ...(await put(bytes())) }
    },
    describe: ({ details: { seed } }) => ({ seed }),
  }
}
