import { configurationNamespace, optionNamespace } from './configuration.ts'
import type { XmlAttribute, XmlComment, XmlDocument, XmlElement } from './reading/xml-document.ts'

/** So long a tag may be on one line. */
const longestLine = 120

/** The prefixes of the namespaces that attributes can be of. */
const prefixes: ReadonlyMap<string, string> = new Map([
  [optionNamespace, 'cs'],
  ['http://www.w3.org/2001/XMLSchema-instance', 'xsi'],
])

/**
 * Writes a configuration in its one layout: two spaces for each level, tags on one line where they fit, attributes in their order,
 * comments where they were.
 */
export function printXml({ before, root, after }: XmlDocument): string {
  const used = new Set(attributesBelow(root).map(({ namespace }) => namespace))
  const declared = [...prefixes].filter(([namespace]) => used.has(namespace))
  const declarations = [
    `xmlns="${configurationNamespace}"`,
    ...declared.map(([namespace, prefix]) => `xmlns:${prefix}="${namespace}"`),
  ]
  const lines = [
    '<?xml version="1.0" encoding="utf-8"?>',
    ...before.map(commentText),
    ...elementLines(root, '', declarations),
    ...after.map(commentText),
  ]
  return `${lines.join('\n')}\n`
}

function attributesBelow({ attributes, children }: XmlElement): XmlAttribute[] {
  return [...attributes, ...children.flatMap((each) => (each.kind === 'element' ? attributesBelow(each) : []))]
}

function elementLines(element: XmlElement, indent: string, declarations: readonly string[] = []): string[] {
  const { name, children } = element
  const attributes = [...declarations, ...element.attributes.map(attributeText)]
  if (children.length === 0) return tagLines(name, attributes, indent, '/>')
  const lines = tagLines(name, attributes, indent, '>')
  let previous: XmlElement['children'][number] | undefined
  for (const child of children) {
    const inside = `${indent}  `
    if (child.kind === 'element') lines.push(...elementLines(child, inside))
    else if (standsBehind(child, previous)) lines.push(`${lines.pop()} ${commentText(child)}`)
    else lines.push(`${inside}${commentText(child)}`)
    previous = child
  }
  return [...lines, `${indent}</${name}>`]
}

/** Whether a comment is about what stands before it in the same line. */
function standsBehind({ position }: XmlComment, previous: XmlElement['children'][number] | undefined): boolean {
  return previous?.kind === 'element' && previous.children.length === 0 && previous.position.line === position.line
}

function tagLines(name: string, attributes: readonly string[], indent: string, end: string): string[] {
  const line = `${indent}<${[name, ...attributes].join(' ')}${end}`
  if (line.length <= longestLine || attributes.length < 2) return [line]
  return [`${indent}<${name}`, ...attributes.map((each) => `${indent}    ${each}`)].map((each, index, { length }) =>
    index === length - 1 ? each + end : each,
  )
}

function attributeText({ name, namespace, value }: XmlAttribute): string {
  const prefix = prefixes.get(namespace)
  const escaped = value
    .trim()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[\t\r\n]/g, (character) => `&#${character.charCodeAt(0)};`)
  return `${prefix === undefined ? '' : `${prefix}:`}${name}="${escaped}"`
}

function commentText({ text }: XmlComment): string {
  return `<!--${text}-->`
}
