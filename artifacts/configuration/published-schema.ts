import { configurationNamespace, optionNamespace } from './configuration.ts'
import { type AttributeRule, type DirectiveRule, directiveRules } from './directive-rules.ts'
import { longestPath } from './glob.ts'
import { directivesOf, type ElementRule, elementRules } from './language.ts'
import { type AttributeHolder, expectedAttributes } from './reading/element-attributes.ts'

/**
 * The schema of artifact configurations (XML Schema 1.0), for editors. It is made of the same tables that documents are read by, and
 * takes every document that is read. What XML Schema cannot say is not in it: what depends on two values, on names that are declared
 * elsewhere, or on an attribute of this service's own namespace.
 */
export function publishedSchema(): string {
  const elements = [...elementRules.values()]
  const roots = elements.filter(({ name }) => name !== 'directory')
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="${configurationNamespace}" targetNamespace="${configurationNamespace}" elementFormDefault="qualified">`,
    ...simpleTypes,
    ...documentElement(roots),
    ...[...directiveRules.values()].map(directiveType),
    ...roots.map((rule) => elementType(rule, `root-${rule.name}`, 'root', surroundings(rule, 'other'))),
    ...places.map((place) => childrenGroup(elements, place)),
    ...elements.flatMap((rule) => placesOf(rule).flatMap((place) => elementTypes(rule, place))),
    '</xs:schema>',
    '',
  ].join('\n')
}

/**
 * Where elements stand that need a `zip-file` around them: whether there is one. All but `file`, and the folders that it may be in, are
 * the same everywhere.
 */
type Place = 'zip' | 'other'
const places: readonly Place[] = ['zip', 'other']

function placesOf({ name }: ElementRule): readonly Place[] {
  return name === 'file' || name === 'directory' ? places : ['other']
}

function typeName({ name }: ElementRule, place: Place): string {
  return place === 'zip' && (name === 'file' || name === 'directory') ? `${name}-in-zip` : name
}

/** Where the children of an element are. */
function surroundings({ name }: ElementRule, place: Place): Place {
  if (name === 'directory') return place
  return name === 'zip-file' ? 'zip' : 'other'
}

// White space around values does not count: `xs:token` removes it. Paths are segments without ** but as a whole.
const segment = String.raw`(\*\*|\*|\*?(([^*/\\\[]|\[!?[^/\\][^\]/\\]*\])\*?)+)`
const simpleTypes = [
  simpleType('reference', '<xs:restriction base="xs:token"><xs:pattern value=".*[$]\\{[^}]*\\}.*"/></xs:restriction>'),
  simpleType(
    'text',
    '<xs:restriction base="xs:token"><xs:minLength value="1"/><xs:maxLength value="4000"/></xs:restriction>',
  ),
  simpleType('boolean', '<xs:union memberTypes="xs:boolean reference"/>'),
  simpleType('number', '<xs:restriction base="xs:token"><xs:pattern value="[0-9]{1,9}"/></xs:restriction>'),
  simpleType('integer', '<xs:union memberTypes="number reference"/>'),
  simpleType(
    'most',
    '<xs:union memberTypes="reference"><xs:simpleType><xs:restriction base="xs:token"><xs:pattern value="[1-9][0-9]{0,8}|unbounded"/></xs:restriction></xs:simpleType></xs:union>',
  ),
  simpleType(
    'path',
    `<xs:restriction base="xs:token"><xs:minLength value="1"/><xs:maxLength value="${longestPath}"/><xs:pattern value="${segment}([/\\\\]${segment})*[/\\\\]?"/></xs:restriction>`,
  ),
  simpleType('file-name', '<xs:restriction base="path"><xs:pattern value="[^/\\\\]+"/></xs:restriction>'),
  simpleType(
    'parameter-name',
    '<xs:restriction base="xs:token"><xs:pattern value="[A-Za-z_][A-Za-z0-9_.\\-]{0,99}"/></xs:restriction>',
  ),
]

function simpleType(name: string, content: string): string {
  return `<xs:simpleType name="${name}">${content}</xs:simpleType>`
}

function documentElement(roots: readonly ElementRule[]): string[] {
  return [
    '<xs:element name="artifact-configuration"><xs:complexType><xs:sequence>',
    '<xs:element name="parameters" minOccurs="0"><xs:complexType><xs:sequence>',
    '<xs:element name="parameter" minOccurs="0" maxOccurs="unbounded"><xs:complexType>',
    '<xs:attribute name="name" type="parameter-name" use="required"/><xs:attribute name="default-value" type="xs:token"/><xs:attribute name="required" type="xs:boolean"/>',
    '</xs:complexType></xs:element></xs:sequence></xs:complexType>',
    '<xs:unique name="parameter-names"><xs:selector xpath="*"/><xs:field xpath="@name"/></xs:unique></xs:element>',
    '<xs:choice>',
    ...roots.map(({ name }) => `<xs:element name="${name}" type="root-${name}"/>`),
    '</xs:choice></xs:sequence></xs:complexType></xs:element>',
  ]
}

function directiveType({ name, attributes, children }: DirectiveRule): string {
  const nested = children.map((child) => `<xs:element name="${child}" type="${child}" minOccurs="0"/>`)
  const content = nested.length === 0 ? '' : `<xs:all>${nested.join('')}</xs:all>`
  return `<xs:complexType name="${name}">${content}${attributesText(attributes)}</xs:complexType>`
}

function attributesText(attributes: Readonly<Record<string, AttributeRule>>): string {
  const own = Object.entries(attributes).filter(([, { isOption }]) => isOption !== true)
  const options = own.length < Object.keys(attributes).length
  const written = own.map(([name, rule]) => {
    const use = rule.default === undefined ? ' use="required"' : ''
    return `<xs:attribute name="${name}"${use}${valueType(name, rule)}`
  })
  return written.join('') + (options ? `<xs:anyAttribute namespace="${optionNamespace}" processContents="lax"/>` : '')
}

/** The rest of an attribute's declaration. */
function valueType(name: string, { type, values, form }: AttributeRule): string {
  if (name === 'max-matches') return ' type="most"/>'
  if (values !== undefined) return restricted(values.map((value) => `<xs:enumeration value="${value}"/>`).join(''))
  if (form !== undefined) return restricted(`<xs:pattern value="${form.schemaPattern}"/>`)
  return ` type="${type === 'choice' ? 'text' : type}"/>`
}

/** Any value may refer to parameters, whatever it must be with them. */
function restricted(facets: string): string {
  return `><xs:simpleType><xs:union memberTypes="reference"><xs:simpleType><xs:restriction base="xs:token">${facets}</xs:restriction></xs:simpleType></xs:union></xs:simpleType></xs:attribute>`
}

function elementAttributes(rule: ElementRule, holder: AttributeHolder): string {
  const { path, ...others } = expectedAttributes(rule, holder)
  const type = holder === 'root' ? 'file-name' : 'path'
  const use = path?.default === undefined ? ' use="required"' : ''
  return (path === undefined ? '' : `<xs:attribute name="path" type="${type}"${use}/>`) + attributesText(others)
}

function childrenGroup(elements: readonly ElementRule[], place: Place): string {
  const choices = elements.flatMap((rule) => [
    `<xs:element name="${rule.name}" type="${typeName(rule, place)}"/>`,
    `<xs:element name="${rule.name}-set" type="${typeName(rule, place)}-set"/>`,
  ])
  return `<xs:group name="children-in-${place}"><xs:choice>${choices.join('')}</xs:choice></xs:group>`
}

function elementTypes(rule: ElementRule, place: Place): string[] {
  const name = typeName(rule, place)
  const inside = surroundings(rule, place)
  return [
    elementType(rule, name, 'element', inside, place),
    `<xs:complexType name="${name}-set"><xs:sequence>`,
    `<xs:element name="include" maxOccurs="unbounded"><xs:complexType>${elementAttributes(rule, 'include')}</xs:complexType></xs:element>`,
    `<xs:element name="for-each"><xs:complexType>${content(rule, inside, { place })}</xs:complexType></xs:element>`,
    `</xs:sequence>${elementAttributes(rule, 'set')}</xs:complexType>`,
  ]
}

function elementType(
  rule: ElementRule,
  name: string,
  holder: AttributeHolder,
  inside: Place,
  place: Place = 'other',
): string {
  const about = `<xs:annotation><xs:documentation>${rule.title}</xs:documentation></xs:annotation>`
  const isRoot = holder === 'root'
  return `<xs:complexType name="${name}">${about}${content(rule, inside, { place, isRoot })}${elementAttributes(rule, holder)}</xs:complexType>`
}

/** Verification directives stand before all others; what is in a container may stand anywhere. */
function content(
  rule: ElementRule,
  inside: Place,
  { place, isRoot = false }: { readonly place: Place; readonly isRoot?: boolean },
): string {
  const directives = directivesOf(rule)
    .flatMap((name) => directiveRules.get(name) ?? [])
    .filter(({ needs }) => needs === null || (needs === 'zip' ? place === 'zip' : isRoot))
  const named = (isVerification: boolean) =>
    directives
      .filter(({ kind }) => (kind === 'verification') === isVerification)
      .map(({ name }) => `<xs:element name="${name}" type="${name}"/>`)
      .join('')
  const children = rule.isContainer ? `<xs:group ref="children-in-${inside}"/>` : ''
  const first = anyOf(named(true) + children)
  const signing = named(false)
  if (signing === '') return `<xs:sequence>${first}</xs:sequence>`
  const then = `<xs:sequence minOccurs="0"><xs:choice>${signing}</xs:choice>${anyOf(signing + children)}</xs:sequence>`
  return `<xs:sequence>${first}${then}</xs:sequence>`
}

function anyOf(choices: string): string {
  return choices === '' ? '' : `<xs:choice minOccurs="0" maxOccurs="unbounded">${choices}</xs:choice>`
}
