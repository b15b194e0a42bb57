import type { AttributeValue } from '../../../domain/index.ts'
import { unseenIn } from '../../../domain/text.ts'
import { configurationNamespace, optionNamespace, type Position } from '../configuration.ts'
import type { AttributeRule } from '../directive-rules.ts'
import { meantName } from '../similar-names.ts'
import type { Findings } from './findings.ts'
import { quoted } from './read-xml.ts'
import { fileNameReference, referencesOf, withValues } from './references.ts'
import type { XmlAttribute, XmlElement } from './xml-document.ts'

/** What attributes are read with. */
export type AttributeContext = {
  readonly findings: Findings
  /** The parameters of the configuration. */
  readonly declared: ReadonlySet<string>
  /** Their values; `undefined` while none are given: then what has references is not checked further. */
  readonly values: ReadonlyMap<string, string> | undefined
  /** Gets the names that are referred to. */
  readonly used: Set<string>
}

/** An attribute that an element may have. */
export type Expected = AttributeRule & {
  /** Whether it means files: values of parameters stand for themselves in it. */
  readonly isPath?: boolean
  /** Whether `${file.name}` may stand in it. */
  readonly hasFile?: boolean
  /** Whether a text may be empty. */
  readonly mayBeEmpty?: boolean
  /** What is wrong with a value, as the end of a sentence that begins with attribute and value. */
  readonly check?: (value: string) => string | undefined
}

/** The values of the attributes that are written, by name. */
export type ReadAttributes = ReadonlyMap<string, { readonly value: AttributeValue; readonly position: Position }>

/**
 * Reads the attributes of an element, and finds those that it may not have, those that are missing, and values that are none.
 *
 * @param expected by name; those of this service's own namespace are options
 */
export function readAttributes(
  element: XmlElement,
  expected: Readonly<Record<string, Expected>>,
  context: AttributeContext,
): ReadAttributes {
  const { findings } = context
  const read = new Map<string, { readonly value: AttributeValue; readonly position: Position }>()
  for (const attribute of element.attributes) {
    const rule = ruleOf(attribute, expected)
    if (rule === undefined) {
      findings.error(
        'ARTIFACT_CONFIGURATION_ATTRIBUTE_UNKNOWN',
        attribute.position,
        unknown(element, attribute, expected),
      )
      continue
    }
    const value = readValue(attribute, rule, context)
    if (value !== undefined) read.set(attribute.name, { value, position: attribute.position })
  }
  const given = new Set(element.attributes.map(({ name }) => name))
  for (const [name, rule] of Object.entries(expected))
    if (rule.default === undefined && !given.has(name))
      findings.error(
        'ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING',
        element.position,
        `${element.name} needs the attribute ${name}${rule.values === undefined ? '' : ` (${rule.values.join(', ')})`}.`,
      )
  return read
}

function ruleOf({ name, namespace }: XmlAttribute, expected: Readonly<Record<string, Expected>>): Expected | undefined {
  const rule = Object.hasOwn(expected, name) ? expected[name] : undefined
  const wanted = rule?.isOption === true ? optionNamespace : ''
  return namespace === wanted ? rule : undefined
}

function unknown({ name }: XmlElement, attribute: XmlAttribute, expected: Readonly<Record<string, Expected>>): string {
  const sameName = Object.hasOwn(expected, attribute.name) ? expected[attribute.name] : undefined
  if (sameName?.isOption === true)
    return `The attribute ${attribute.name} of ${name} is one of the namespace ${optionNamespace}: give that a prefix, and write it before the name.`
  if (sameName !== undefined) return `The attribute ${attribute.name} of ${name} has no prefix: it is in no namespace.`
  if (attribute.namespace !== '' && ![optionNamespace, configurationNamespace].includes(attribute.namespace))
    return `${name} has an attribute of the namespace ${quoted(attribute.namespace)}, which has no meaning here.`
  const names = Object.keys(expected)
  const known = names.length === 0 ? 'none' : names.join(', ')
  return `${name} has no attribute ${quoted(attribute.name)}; it has: ${known}.${meantAttribute(attribute.name, names)}`
}

/** Other languages say occurrences where this one says matches. */
function meantAttribute(name: string, known: readonly string[]): string {
  const counted = /^(?:min|max)-(?=occ)/.exec(name)?.[0]
  const meant = counted && known.find((each) => each === `${counted}matches`)
  return meant === undefined ? meantName(name, known) : ` Is ${meant} meant?`
}

function readValue(attribute: XmlAttribute, rule: Expected, context: AttributeContext): AttributeValue | undefined {
  const { findings, values } = context
  const { name, position } = attribute
  const refuse = (message: string) => findings.error('ARTIFACT_CONFIGURATION_VALUE', position, message)
  const written = attribute.value.trim()
  const hidden = unseenIn(written)
  if (hidden !== undefined) return void refuse(`${name} has ${hidden}, which nobody sees. Remove it.`)
  const references = checkReferences(attribute, written, rule, context)
  if (references === undefined) return undefined
  if (values === undefined && references.some((each) => each !== fileNameReference)) return written
  const text = withValues(written, values ?? new Map(), rule.isPath)
  const what = `${name}=${quoted(text)}`
  // The name of a file is a part of it, whatever the file is called.
  const fault = faultOf(withValues(text, new Map([[fileNameReference, 'name']])), rule)
  if (fault !== undefined) return void refuse(`${what} ${fault}.`)
  if (rule.type === 'boolean') return text === 'true' || text === '1'
  return rule.type === 'integer' ? Number(text) : text
}

/** The references of a value; `undefined` when they are wrong. */
function checkReferences(
  { name, position }: XmlAttribute,
  written: string,
  rule: Expected,
  { findings, declared, used }: AttributeContext,
): readonly string[] | undefined {
  const references = referencesOf(written)
  if ('fault' in references) {
    findings.error('ARTIFACT_CONFIGURATION_VALUE', position, `${name}=${quoted(written)} ${references.fault}.`)
    return undefined
  }
  const hasFile = rule.hasFile === true && rule.type === 'text'
  const wrong = [...new Set(references)].filter((each) => (each === fileNameReference ? !hasFile : !declared.has(each)))
  for (const each of wrong) {
    const known = [...declared, ...(hasFile ? [fileNameReference] : [])]
    const what =
      each === fileNameReference
        ? 'cannot depend on the name of the file'
        : `refers to ${quoted(each)}, which is no parameter of this configuration; there are: ${known.join(', ') || 'none'}`
    findings.error('PARAMETER_NOT_DECLARED', position, `${name}=${quoted(written)} ${what}.${meantName(each, known)}`)
  }
  for (const each of references) used.add(each)
  return wrong.length === 0 ? references : undefined
}

function faultOf(text: string, rule: Expected): string | undefined {
  switch (rule.type) {
    case 'boolean':
      // As XML Schema has it.
      return ['true', 'false', '1', '0'].includes(text) ? undefined : 'must be true or false'
    case 'choice':
      return rule.values?.includes(text) === true ? undefined : `must be one of: ${rule.values?.join(', ')}`
    case 'integer':
      if (rule.values !== undefined)
        return rule.values.includes(text) ? undefined : `must be ${rule.values.join(' or ')}`
      return /^\d{1,9}$/.test(text) ? undefined : 'must be a whole number from 0 to 999999999'
    case 'text':
      if (text === '' && rule.mayBeEmpty !== true) return 'must not be empty'
      if (text.length > longestText) return `must have at most ${longestText} characters`
      if (rule.form !== undefined && !rule.form.pattern.test(text)) return `must be ${rule.form.is}`
      return rule.check?.(text)
  }
}

const longestText = 4000
