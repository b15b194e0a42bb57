import type { DoFileWork } from '../../signing/file-passes/index.ts'

/** Reads "a file" that was made to take for ever, or to fill the memory; a sound one otherwise. */
export const doFileWork: DoFileWork<'endless' | 'growing' | 'sound', string> = async (kind) => {
  const kept: unknown[] = []
  while (kind !== 'sound') if (kind === 'growing') kept.push({ text: `${kept.length}` })
  return `${kind}: read`
}
