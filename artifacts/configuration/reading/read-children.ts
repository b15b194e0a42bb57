import { configurationNamespace } from '../configuration.ts'
import type { AttributeContext } from './read-attributes.ts'
import { quoted } from './read-xml.ts'
import type { XmlElement } from './xml-document.ts'

/** The elements in an element that are of the language's namespace; others are errors. */
export function childElements(
  element: XmlElement,
  { findings }: Pick<AttributeContext, 'findings'>,
): readonly XmlElement[] {
  return element.children.flatMap((child) => {
    if (child.kind === 'comment') return []
    if (child.namespace === configurationNamespace) return [child]
    const where = child.namespace === '' ? 'in no namespace' : `in the namespace ${quoted(child.namespace)}`
    findings.error(
      'ARTIFACT_CONFIGURATION_NAMESPACE',
      child.position,
      `The element ${child.name} is ${where}; it must be in ${configurationNamespace}.`,
    )
    return []
  })
}

/** Refuses whatever elements are in one that holds none. */
export function refuseChildren(element: XmlElement, context: Pick<AttributeContext, 'findings'>): void {
  for (const child of childElements(element, context))
    context.findings.error(
      'ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED',
      child.position,
      `${child.name} cannot stand in ${element.name}, which holds no elements.`,
    )
}
