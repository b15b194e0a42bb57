import { openZip } from '../../archives/index.ts'
import type { OpenFile } from '../../signing/signature-format.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { elementRules } from '../configuration/index.ts'
import type { TreeMeans } from './tree-means.ts'
import { endingOf } from './unsigned-files.ts'

/** Elements whose files are archives that can be opened and put together again; those with signatures of their own come first. */
export const openedContainers: ReadonlySet<string> = new Set(['jar-file', 'nupkg-file', 'zip-file'])

/** Usual endings of archives that can be looked into. */
const archiveEndings: ReadonlySet<string> = new Set(
  [...openedContainers].flatMap((name) => elementRules.get(name)?.extensions ?? []),
)

/** Endings of files that can be signed, and that are made for something else so often that nobody wants to be told of them. */
const everyday: ReadonlySet<string> = new Set(['js', 'xml', 'json'])

/** Names that a warning says; of the rest it says how many there are. */
const mostNames = 10

/** Whether a file may be an archive, by its name. */
export function mayHoldFiles(name: string): boolean {
  return archiveEndings.has(endingOf(name))
}

/**
 * Says of a file that is not opened which files in it could be signed and are not, by their names. Of what is no archive, or none that can
 * be opened, it says nothing.
 */
export async function unopenedWarnings(
  { limits, passes, signal, formats }: Pick<TreeMeans, 'limits' | 'passes' | 'signal' | 'formats'>,
  file: OpenFile,
): Promise<readonly string[]> {
  if (!mayHoldFiles(file.name)) return []
  const signable = new Set(
    formats.flatMap(({ elements }) => elements.flatMap((name) => elementRules.get(name)?.extensions ?? [])),
  )
  try {
    const archive = await openZip(file, { limits, passes, signal })
    const names = archive.entries
      .filter(({ name, isDirectory }) => !isDirectory && signable.has(endingOf(name)) && !everyday.has(endingOf(name)))
      .map(({ name }) => name)
    if (names.length === 0) return []
    const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : ''
    const shown = names.slice(0, mostNames).join(', ')
    return [`No element goes into it, so files in it that could be signed stay as they are: ${shown}${more}.`]
  } catch (error) {
    if (error instanceof SigningError && !error.transient) return []
    throw error
  }
}
