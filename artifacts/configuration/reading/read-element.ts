import type { DirectiveNode, ElementNode, PathNode } from '../configuration.ts'
import { directiveRules } from '../directive-rules.ts'
import { fold } from '../glob.ts'
import { type ElementRule, elementOfSet, elementRules } from '../language.ts'
import { meantName } from '../similar-names.ts'
import { expectedAttributes, optionsOf, pathsOf, restrictionsOf } from './element-attributes.ts'
import { type AttributeContext, readAttributes } from './read-attributes.ts'
import { childElements, refuseChildren } from './read-children.ts'
import { type DirectivePlace, readDirective } from './read-directive.ts'
import { checkRepeated } from './repeated-directives.ts'
import type { XmlElement } from './xml-document.ts'

/** Where an element stands: the root, or what is around it. */
export type ElementPlace = { readonly around: ElementRule; readonly container: string } | 'root'

/** What an element or a `for-each` holds. */
type Content = Pick<ElementNode, 'verifications' | 'directives' | 'children'>

/** Reads an element that stands for files or folders, with all that is in it. */
export function readElement(
  element: XmlElement,
  place: ElementPlace,
  context: AttributeContext,
): ElementNode | undefined {
  const setOf = elementOfSet(element.name)
  const rule = elementRules.get(setOf ?? element.name)
  if (rule === undefined) {
    refuseUnknown(element, context)
    return undefined
  }
  if (place === 'root' && (setOf !== undefined || rule.name === 'directory')) {
    const message = `${element.name} cannot be the artifact: that is one file. Put it into a container such as zip-file.`
    context.findings.error('ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED', element.position, message)
    return undefined
  }
  return setOf === undefined ? readSimple(element, rule, place, context) : readSet(element, rule, place, context)
}

function readSimple(
  element: XmlElement,
  rule: ElementRule,
  place: ElementPlace,
  context: AttributeContext,
): ElementNode {
  const kind = place === 'root' ? 'root' : 'element'
  const read = readAttributes(element, expectedAttributes(rule, kind), context)
  const content = readContent(element, rule, place, context)
  const paths = pathsOf(read, element, context)
  const restrictions = restrictionsOf(rule, read)
  return {
    name: rule.name,
    isSet: false,
    paths: paths.map((path) => ({ ...path, restrictions })),
    restrictions: paths.length === 0 ? restrictions : {},
    ...content,
    options: optionsOf(read),
    position: element.position,
  }
}

function readSet(element: XmlElement, rule: ElementRule, place: ElementPlace, context: AttributeContext): ElementNode {
  const read = readAttributes(element, expectedAttributes(rule, 'set'), context)
  const common = restrictionsOf(rule, read)
  const paths: PathNode[] = []
  const contents: Content[] = []
  for (const child of childElements(element, context)) {
    if (child.name === 'for-each') {
      if (contents.length > 0) misplaced(child, `${element.name} has one for-each only.`, context)
      readAttributes(child, {}, context)
      contents.push(readContent(child, rule, place, context))
    } else if (child.name === 'include') {
      if (contents.length > 0) misplaced(child, 'The includes of a set stand before its for-each.', context)
      const own = readAttributes(child, expectedAttributes(rule, 'include'), context)
      refuseChildren(child, context)
      const restrictions = { ...common, ...restrictionsOf(rule, own) }
      paths.push(...pathsOf(new Map([...read, ...own]), child, context).map((path) => ({ ...path, restrictions })))
    } else misplaced(child, `${child.name} cannot stand in ${element.name} itself: put it into its for-each.`, context)
  }
  const [content] = contents
  const missing = [...(hasNo(element, 'include') ? ['include'] : []), ...(content === undefined ? ['for-each'] : [])]
  if (missing.length > 0)
    context.findings.error(
      'ARTIFACT_CONFIGURATION_ELEMENT_MISSING',
      element.position,
      `${element.name} needs ${missing.join(' and ')}: includes say which files are meant, for-each what is done with each.`,
    )
  return {
    name: rule.name,
    isSet: true,
    paths,
    restrictions: {},
    ...(content ?? { verifications: [], directives: [], children: [] }),
    options: optionsOf(read),
    position: element.position,
  }
}

function hasNo({ children }: XmlElement, name: string): boolean {
  return !children.some((child) => child.kind === 'element' && child.name === name)
}

function misplaced({ position }: XmlElement, message: string, { findings }: AttributeContext): void {
  findings.error('ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED', position, message)
}

function readContent(element: XmlElement, rule: ElementRule, place: ElementPlace, context: AttributeContext): Content {
  const verifications: DirectiveNode[] = []
  const directives: DirectiveNode[] = []
  const children: ElementNode[] = []
  const at: DirectivePlace = {
    rule,
    isRoot: place === 'root',
    container: place === 'root' ? undefined : place.container,
  }
  for (const child of childElements(element, context)) {
    const directive = directiveRules.get(child.name)
    if (directive === undefined) {
      const read = readNested(child, rule, place, context)
      if (read !== undefined) children.push(read)
    } else if (directive.kind === 'verification') {
      if (directives.length > 0)
        context.findings.error(
          'DIRECTIVE_ORDER',
          child.position,
          `${child.name} stands behind ${directives[0]?.name}; what a file must be like before it is signed stands first.`,
        )
      verifications.push(readDirective(child, directive, at, context))
    } else directives.push(readDirective(child, directive, at, context))
  }
  checkRepeated([...verifications, ...directives], context)
  checkPaths(children, context)
  return { verifications, directives, children }
}

function readNested(
  child: XmlElement,
  rule: ElementRule,
  place: ElementPlace,
  context: AttributeContext,
): ElementNode | undefined {
  const isKnown = elementRules.has(elementOfSet(child.name) ?? child.name)
  if (isKnown && !rule.isContainer) {
    misplaced(child, `${child.name} cannot stand in ${rule.name}, which is no container.`, context)
    return undefined
  }
  const own = rule.name === 'directory' && place !== 'root' ? place.container : rule.name
  return readElement(child, { around: rule, container: own }, context)
}

function refuseUnknown({ name, position }: XmlElement, { findings }: AttributeContext): void {
  if (['include', 'for-each', 'parameters', 'parameter', 'artifact-configuration'].includes(name)) {
    const where = name === 'include' || name === 'for-each' ? 'in sets such as pe-file-set' : 'at the beginning'
    findings.error(
      'ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED',
      position,
      `${name} cannot stand here, but only ${where}.`,
    )
    return
  }
  const known = [
    ...elementRules.keys(),
    ...directiveRules.keys(),
    ...[...elementRules.keys()].map((each) => `${each}-set`),
  ]
  const message = `There is no element ${name}.${meantName(name, known)}`
  findings.error('ARTIFACT_CONFIGURATION_ELEMENT_UNKNOWN', position, message)
}

/** Finds paths that are written twice: both would mean the same file. Folders may be named again. */
function checkPaths(children: readonly ElementNode[], { findings }: AttributeContext): void {
  const seen = new Map<string, PathNode>()
  for (const { name, paths } of children) {
    if (name === 'directory') continue
    for (const path of paths) {
      const same = fold(path.path).replaceAll('\\', '/')
      const first = seen.get(same)
      if (first === undefined) seen.set(same, path)
      else
        findings.error(
          'ARTIFACT_CONFIGURATION_PATH_REPEATED',
          path.position,
          `The path ${path.path} is written in line ${first.position.line} already; one file can be meant by one element only.`,
        )
    }
  }
}
