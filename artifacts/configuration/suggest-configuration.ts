import { configurationNamespace } from './configuration.ts'
import { directiveRules } from './directive-rules.ts'
import type { SupportedLanguage } from './find-unsupported.ts'
import { escapeGlob, longestPath } from './glob.ts'
import { elementRules } from './language.ts'
import { printXml } from './print-xml.ts'
import type { XmlElement } from './reading/xml-document.ts'
import { suggestPaths } from './suggest-paths.ts'

/** A file of a sample, and what is in it. */
export type SampleFile = {
  /** Its path in the container that it is in, with `/`; the artifact's own file name. */
  readonly path: string
  /** The element that means files like this one, such as `pe-file`; `null` when none but `file` does. */
  readonly element: string | null
  /** Whether it has a signature that somebody else made, and that holds. */
  readonly isSigned: boolean
  /** What is in it, when it is a container that can be opened. */
  readonly files: readonly SampleFile[]
}

/** A file that a suggested configuration leaves as it is. */
export type LeftFile = {
  /** The file names and paths that lead to it from the artifact. */
  readonly path: readonly string[]
  /**
   * `signed`: by somebody else already. `unsupported`: there is a signature for such files that this release cannot make by itself.
   * `unsignable`: it is of no kind that carries signatures. `name`: no path can mean its name.
   */
  readonly reason: 'signed' | 'unsupported' | 'unsignable' | 'name'
}

/** A configuration for a sample. */
export type SuggestedConfiguration = {
  /** The document; `null` when nothing in the sample can be signed. */
  readonly text: string | null
  readonly left: readonly LeftFile[]
}

/**
 * Writes a configuration by which all of a sample is signed that can be and that nobody has signed: by the directive of its kind of files,
 * with its defaults. Numbers of versions in names become wildcards, and many files of one ending in one folder one path.
 */
export function suggestConfiguration(sample: SampleFile, supported: SupportedLanguage): SuggestedConfiguration {
  const left: LeftFile[] = []
  const element = suggestElement(sample, [sample.path], supported, left)
  if (element === undefined) return { text: null, left }
  const root = xml('artifact-configuration', {}, [element])
  return { text: printXml({ before: [], root, after: [] }), left }
}

/** The element of a file that is signed, or holds what is; without its path. */
function suggestElement(
  { element, isSigned, files }: SampleFile,
  path: readonly string[],
  supported: SupportedLanguage,
  left: LeftFile[],
): XmlElement | undefined {
  const inside = element === null ? [] : suggestChildren(files, path, supported, left)
  const directive = element === null ? undefined : directiveFor(element, supported)
  const isOpened = element !== null && files.length > 0
  if (isSigned && inside.length === 0) left.push({ path, reason: 'signed' })
  else if (element !== null && (directive !== undefined || inside.length > 0)) {
    // What is signed inside changes the container, and whatever signature it had.
    return xml(element, {}, [...inside, ...(directive === undefined ? [] : [xml(directive, {}, [])])])
  } else if (!isOpened) left.push({ path, reason: reasonOf(element) })
  return undefined
}

function reasonOf(element: string | null): 'unsupported' | 'unsignable' {
  const rule = element === null ? undefined : elementRules.get(element)
  return rule === undefined || rule.signing.length === 0 || rule.name === 'zip-file' ? 'unsignable' : 'unsupported'
}

/** How files of a kind are signed by themselves: archives of files are not, and what needs to be told more cannot be. */
function directiveFor(element: string, { formats }: SupportedLanguage): string | undefined {
  if (element === 'zip-file') return undefined
  const made = formats.filter(({ elements }) => elements.includes(element)).flatMap(({ directives }) => directives)
  return elementRules.get(element)?.signing.find((name) => {
    const attributes = Object.values(directiveRules.get(name)?.attributes ?? {})
    return made.some((each) => each.name === name) && attributes.every((each) => each.default !== undefined)
  })
}

/** Files that are treated alike are one set. */
function suggestChildren(
  files: readonly SampleFile[],
  around: readonly string[],
  supported: SupportedLanguage,
  left: LeftFile[],
): XmlElement[] {
  const signed: { readonly file: SampleFile; readonly element: XmlElement }[] = []
  for (const file of files) {
    const path = [...around, file.path]
    if (escapeGlob(file.path).length > longestPath) {
      left.push({ path, reason: 'name' })
      continue
    }
    const element = suggestElement(file, path, supported, left)
    if (element !== undefined) signed.push({ file, element })
  }
  const alike = Map.groupBy(signed, ({ element }) => JSON.stringify(element))
  return [...alike.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const meant = group.map(({ file }) => file.path)
    const others = files.map(({ path }) => path).filter((path) => !meant.includes(path))
    const paths = suggestPaths(meant, others)
    const attributes = paths.map(({ path, isMany }) => ({ path, ...(isMany && { 'max-matches': 'unbounded' }) }))
    const [only] = attributes
    const { name, children } = first.element
    if (attributes.length === 1 && only !== undefined) return [xml(name, only, children)]
    const includes = attributes.map((each) => xml('include', each, []))
    return [xml(`${name}-set`, {}, [...includes, xml('for-each', {}, children)])]
  })
}

function xml(
  name: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly XmlElement['children'][number][],
): XmlElement {
  const position = { line: 1, column: 1 }
  return {
    kind: 'element',
    name,
    namespace: configurationNamespace,
    attributes: Object.entries(attributes).map(([each, value]) => ({ name: each, namespace: '', value, position })),
    children,
    position,
  }
}
