import type { MatchedElement } from '../../domain/index.ts'
import type { OpenFile, SignatureFormat } from '../../signing/signature-format.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ElementMatch } from '../configuration/index.ts'
import { matchedText } from './planning-errors.ts'
import { partsOf } from './read-artifact.ts'

/** An element that means a file: the root may do so without a path. */
export type Meant = Pick<ElementMatch, 'element'> & { readonly path: ElementMatch['path'] | null }

/** An element and its place, as messages name it: `pe-file path="*.exe" (line 3, column 5)`. */
export function elementText({ element, path }: Meant): string {
  return matchedText(matchedElement({ element, path }))
}

/** An element as plans name it. */
export function matchedElement({ element, path }: Meant): MatchedElement {
  const { line, column } = path?.position ?? element.position
  return { name: element.isSet ? `${element.name}-set` : element.name, path: path?.path ?? null, line, column }
}

/**
 * Recognizes a file as what its element says that it is.
 *
 * @returns `undefined` where this release has no format of such files, or everything is such a file
 * @throws ArtifactError `FILE_NOT_OF_ELEMENT`
 */
export async function recognizeAs(
  meant: Meant,
  file: OpenFile,
  formats: readonly SignatureFormat[],
): Promise<SignatureFormat | undefined> {
  const { element } = meant
  const candidates = formatsOf(element, formats)
  if (candidates.length === 0) return undefined
  const { handle, size, name } = file
  let seen = size === 0 ? 'it is empty' : 'its content is another'
  for (const format of candidates) {
    const detection = await format.detect({ name, size, readPart: partsOf(handle, size) })
    if (detection === 'recognized') return format
    if (detection !== 'foreign') seen = `it ${detection.unsupported}`
    // Every archive is a zip-file, and any can be signed as a JAR file.
    else if (element.name === 'zip-file') return element.directives.length > 0 ? format : undefined
  }
  const titles = candidates.map(({ title }) => title).join('; ')
  throw new ArtifactError(
    'FILE_NOT_OF_ELEMENT',
    `The element ${elementText(meant)} means it, and it is none of such files (${titles}): ${seen}.`,
  )
}

/** The formats of an element's files: those that can carry out its directives come first. */
function formatsOf(
  { name, directives }: Meant['element'],
  formats: readonly SignatureFormat[],
): readonly SignatureFormat[] {
  const ofElement = formats.filter(({ elements }) => elements.includes(name))
  const able = ofElement.filter((format) =>
    directives.every((wanted) => format.directives.some((known) => known.name === wanted.name)),
  )
  return able.length === 0 ? ofElement : able
}
