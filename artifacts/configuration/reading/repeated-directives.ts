import { type DirectiveNode, optionNamespace } from '../configuration.ts'
import { directiveRules } from '../directive-rules.ts'
import { fold } from '../glob.ts'
import type { AttributeContext } from './read-attributes.ts'

/** By which attribute directives of one name are told apart, so that several may stand in one element. */
const distinguishing: Readonly<Record<string, string>> = {
  'debsigs-sign': 'signature-type',
  'notation-sign': 'tag',
  'cosign-sign': 'tag',
}

/** Finds directives of an element of which the later would undo the former, and files that two of them would make. */
export function checkRepeated(directives: readonly DirectiveNode[], { findings }: AttributeContext): void {
  const seen = new Map<string, DirectiveNode>()
  for (const directive of directives) {
    const first = seen.get(identityOf(directive))
    if (first !== undefined && !appends(directive))
      findings.error('DIRECTIVE_REPEATED', directive.position, repeated(directive, first))
    if (first === undefined) seen.set(identityOf(directive), directive)
  }
  checkOutputs(directives.flatMap(withNested), findings)
}

function withNested(directive: DirectiveNode): readonly DirectiveNode[] {
  return [directive, ...directive.children.flatMap(withNested)]
}

function checkOutputs(directives: readonly DirectiveNode[], findings: AttributeContext['findings']): void {
  const made = new Set<string>()
  for (const { attributes, position } of directives) {
    const name = attributes['output-file-name']
    if (typeof name !== 'string') continue
    if (made.has(fold(name)))
      findings.error(
        'DIRECTIVE_REPEATED',
        position,
        `Two directives make the file ${name}. Give each its own output-file-name.`,
      )
    made.add(fold(name))
  }
}

function identityOf({ name, attributes }: DirectiveNode): string {
  // What makes a file of its own is told apart by that file's name.
  const own =
    directiveRules.get(name)?.attributes['output-file-name'] === undefined ? distinguishing[name] : 'output-file-name'
  return own === undefined ? name : `${name} ${String(attributes[own])}`
}

function appends({ attributes: { append } }: DirectiveNode): boolean {
  // A value that depends on a parameter is a text.
  return append === true || typeof append === 'string'
}

function repeated({ name }: DirectiveNode, { position: { line } }: DirectiveNode): string {
  const append = directiveRules.get(name)?.attributes.append
  const where = append?.isOption === true ? `, of the namespace ${optionNamespace},` : ''
  const how = append === undefined ? '' : ` Say append="true"${where} to keep the first signature.`
  return `${name} stands in line ${line} already, and a file takes one.${how}`
}
