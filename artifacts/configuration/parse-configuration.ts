import type { ConfigurationFinding } from '../../domain/index.ts'
import { type Configuration, configurationNamespace, type Parameter } from './configuration.ts'
import { Findings } from './reading/findings.ts'
import { type AttributeContext, readAttributes } from './reading/read-attributes.ts'
import { childElements, refuseChildren } from './reading/read-children.ts'
import { readElement } from './reading/read-element.ts'
import { quoted, readXml } from './reading/read-xml.ts'
import { parameterName, valueFault } from './reading/references.ts'
import type { XmlElement } from './reading/xml-document.ts'

/** A configuration, or all that is wrong with a document. Plain data. */
export type ParsedConfiguration =
  | { readonly kind: 'configuration'; readonly configuration: Configuration }
  | ({ readonly kind: 'errors' } & ConfigurationErrors)

/** What is wrong with a document, in its order: the first hundred errors. */
export type ConfigurationErrors = {
  readonly errors: readonly ConfigurationFinding[]
  readonly errorCount: number
}

/** The most paths of elements and includes. */
const mostPaths = 2000

/**
 * Reads an artifact configuration. It finds all that is wrong with a document that is well-formed; of one that is not, the first fault.
 * Takes time and memory in proportion to the document, which has a limit; {@link parseInThread} is for documents of others.
 *
 * @param document UTF-8, or its text
 */
export function parseConfiguration(document: string | Uint8Array): ParsedConfiguration {
  const findings = new Findings()
  const xml = readXml(document, findings)
  return xml === undefined ? failed(findings) : buildConfiguration(xml.root, findings)
}

/**
 * Reads what a document says once it is known to be XML.
 *
 * @param values of the parameters; without them, what depends on them is not checked
 */
export function buildConfiguration(
  document: XmlElement,
  findings: Findings,
  values?: ReadonlyMap<string, string>,
): ParsedConfiguration {
  if (!isRoot(document, findings)) return failed(findings)
  const used = new Set<string>()
  readAttributes(withoutSchemaHints(document), {}, { findings, declared: new Set(), values, used })
  const [first, ...others] = childElements(document, { findings })
  const hasParameters = first?.name === 'parameters'
  const parameters = hasParameters ? readParameters(first, findings) : []
  const [root, ...further] = hasParameters ? others : [first, ...others]
  if (root === undefined)
    findings.error(
      'ARTIFACT_CONFIGURATION_ELEMENT_MISSING',
      document.position,
      'artifact-configuration needs one element that stands for the artifact, such as zip-file or pe-file.',
    )
  for (const each of further)
    if (each !== undefined)
      findings.error(
        'ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED',
        each.position,
        each.name === 'parameters'
          ? 'parameters stands once, before the element of the artifact.'
          : `${each.name} cannot stand beside ${root?.name}: an artifact is one file. To sign several, put them into a zip-file.`,
      )
  const context: AttributeContext = { findings, declared: new Set(parameters.map(({ name }) => name)), values, used }
  const element = root && readElement(root, 'root', context)
  if (root !== undefined) checkPathCount(root, findings)
  warnOfUnused(parameters, used, findings)
  if (element === undefined || findings.errorCount > 0) return failed(findings)
  return {
    kind: 'configuration',
    configuration: { parameters, root: element, warnings: findings.warnings, document },
  }
}

/** All that is wrong, in the order of the document. */
export function failed({ errors, errorCount }: Findings): Extract<ParsedConfiguration, { kind: 'errors' }> {
  const inOrder = errors.toSorted((one, other) => one.line - other.line || one.column - other.column)
  return { kind: 'errors', errors: inOrder, errorCount }
}

function isRoot({ name, namespace, position }: XmlElement, findings: Findings): boolean {
  if (name !== 'artifact-configuration') {
    const message = `The document is ${quoted(name)}; it must be artifact-configuration.`
    findings.error('ARTIFACT_CONFIGURATION_ELEMENT_UNKNOWN', position, message)
    return false
  }
  if (namespace === configurationNamespace) return true
  const is = namespace === '' ? 'in no namespace' : `in the namespace ${quoted(namespace)}`
  const message = `artifact-configuration is ${is}. Write <artifact-configuration xmlns="${configurationNamespace}">.`
  findings.error('ARTIFACT_CONFIGURATION_NAMESPACE', position, message)
  return false
}

/** Where editors find the schema is theirs to know. */
function withoutSchemaHints(document: XmlElement): XmlElement {
  const isHint = (attribute: XmlElement['attributes'][number]) =>
    attribute.namespace === 'http://www.w3.org/2001/XMLSchema-instance' && attribute.name === 'schemaLocation'
  return { ...document, attributes: document.attributes.filter((each) => !isHint(each)) }
}

function readParameters(element: XmlElement, findings: Findings): Parameter[] {
  const context: AttributeContext = { findings, declared: new Set(), values: new Map(), used: new Set() }
  readAttributes(element, {}, context)
  const parameters: Parameter[] = []
  for (const child of childElements(element, context)) {
    if (child.name !== 'parameter') {
      const message = `${child.name} cannot stand in parameters, which holds parameter elements.`
      findings.error('ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED', child.position, message)
      continue
    }
    refuseChildren(child, context)
    const read = readAttributes(
      child,
      {
        name: { type: 'text', check: faultOfName },
        'default-value': { type: 'text', default: null, mayBeEmpty: true, check: valueFault },
        required: { type: 'boolean', default: false },
      },
      context,
    )
    const name = read.get('name')?.value
    if (typeof name !== 'string') continue
    const same = parameters.find((each) => each.name.toLowerCase() === name.toLowerCase())
    if (same !== undefined)
      findings.error(
        'PARAMETER_REPEATED',
        child.position,
        `The parameter ${name} is there already, in line ${same.position.line}${same.name === name ? '' : `, as ${same.name}: case does not tell them apart`}.`,
      )
    const defaultValue = (read.get('default-value')?.value ?? null) as string | null
    parameters.push({ name, defaultValue, required: read.get('required')?.value === true, position: child.position })
  }
  return parameters
}

function faultOfName(name: string): string | undefined {
  return parameterName.test(name)
    ? undefined
    : 'must be 1 to 100 letters of ASCII, digits, dots, underscores and hyphens, beginning with a letter or underscore, and not with "file."'
}

function checkPathCount(root: XmlElement, findings: Findings): void {
  const count = countPaths(root)
  if (count <= mostPaths) return
  const message = `There are ${count} paths; there may be ${mostPaths}. Use wildcards.`
  findings.error('ARTIFACT_CONFIGURATION_TOO_MANY', root.position, message)
}

function countPaths({ attributes, children }: XmlElement): number {
  const own = attributes.some(({ name }) => name === 'path') ? 1 : 0
  return children.reduce((sum, child) => (child.kind === 'element' ? sum + countPaths(child) : sum), own)
}

/** A parameter that nothing refers to has a meaning nevertheless: requests keep its value. */
function warnOfUnused(parameters: readonly Parameter[], used: ReadonlySet<string>, findings: Findings): void {
  for (const { name, position } of parameters)
    if (!used.has(name))
      findings.warning(
        'PARAMETER_UNUSED',
        position,
        `Nothing refers to the parameter ${name}: \${${name}} stands nowhere.`,
      )
}
