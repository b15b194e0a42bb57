import type { AttributeValue } from '../../../domain/index.ts'
import type { DirectiveNode } from '../configuration.ts'
import { type DirectiveRule, directiveRules } from '../directive-rules.ts'
import { directivesOf, type ElementRule, elementRules } from '../language.ts'
import { type AttributeContext, readAttributes } from './read-attributes.ts'
import { childElements, refuseChildren } from './read-children.ts'
import type { XmlElement } from './xml-document.ts'

/** Where a directive stands. */
export type DirectivePlace = {
  /** The element around it. */
  readonly rule: ElementRule
  readonly isRoot: boolean
  /** The name of the container that the element's files are in; `undefined` at the root. */
  readonly container: string | undefined
}

/** Reads one of an element's directives, and finds whether it may stand there. */
export function readDirective(
  element: XmlElement,
  rule: DirectiveRule,
  place: DirectivePlace,
  context: AttributeContext,
): DirectiveNode {
  checkPlace(element, rule, place, context)
  return readNode(element, rule, context)
}

function readNode(element: XmlElement, rule: DirectiveRule, context: AttributeContext): DirectiveNode {
  const expected = Object.fromEntries(
    Object.entries(rule.attributes).map(([name, each]) => [name, { ...each, hasFile: true }]),
  )
  const read = readAttributes(element, expected, context)
  const attributes: Record<string, AttributeValue> = {}
  for (const [name, { value }] of read) attributes[name] = value
  return { name: rule.name, attributes, children: readNested(element, rule, context), position: element.position }
}

function readNested(element: XmlElement, rule: DirectiveRule, context: AttributeContext): readonly DirectiveNode[] {
  if (rule.children.length === 0) {
    refuseChildren(element, context)
    return []
  }
  const nested: DirectiveNode[] = []
  for (const child of childElements(element, context)) {
    const known = rule.children.includes(child.name) ? directiveRules.get(child.name) : undefined
    if (known === undefined)
      context.findings.error(
        'ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED',
        child.position,
        `${child.name} cannot stand in ${rule.name}; in it can: ${rule.children.join(', ')}.`,
      )
    else if (nested.some(({ name }) => name === child.name))
      context.findings.error('DIRECTIVE_REPEATED', child.position, `${rule.name} can hold one ${child.name} only.`)
    else nested.push(readNode(child, known, context))
  }
  return nested
}

function checkPlace(
  { position }: XmlElement,
  { name, kind, needs }: DirectiveRule,
  { rule, isRoot, container }: DirectivePlace,
  { findings }: AttributeContext,
): void {
  const own = directivesOf(rule)
  const misplaced = (where: string) =>
    findings.error(
      'ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED',
      position,
      `${name} cannot stand in ${rule.name}${where}.`,
    )
  if (kind === 'nested') {
    const around = [...directiveRules.values()].filter(({ children }) => children.includes(name))
    misplaced(`, but in: ${around.map((each) => each.name).join(', ')}`)
  } else if (!own.includes(name)) {
    const elements = [...elementRules.values()].filter((each) => directivesOf(each).includes(name))
    misplaced(
      `; in it can: ${own.join(', ') || 'none'}. It can stand in: ${elements.map((each) => each.name).join(', ')}`,
    )
  } else if (needs === 'root' && !isRoot)
    misplaced(` that is in a container: only in the ${rule.name} that is the artifact itself`)
  else if (needs === 'zip' && container !== 'zip-file')
    findings.error(
      'DIRECTIVE_NEEDS_ZIP',
      position,
      `${name} makes or needs another file beside the one it stands for, so the ${rule.name} must be in a zip-file; it is ${container === undefined ? 'the artifact itself' : `in a ${container}`}.`,
    )
}
