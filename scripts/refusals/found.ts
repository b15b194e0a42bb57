import { childrenOf, type Declaration, everyNode, type Modules, type Node, nameOf, textOf } from './modules.ts'

/** What stands in a piece of source, and may be reached when it runs. */
export type Found = {
  /** Codes of refusals. */
  readonly codes: Set<string>
  /** What it names of its own file and of others. */
  readonly names: Set<Declaration>
  /** Its texts, among which are types of commands. */
  readonly texts: Set<string>
  /** The kinds of objects that it makes (`{ kind: 'link', … }`), among which are kinds of sources. */
  readonly kinds: Set<string>
  /** Functions that it calls on what it was given, as `application.createProject`; alone as `.checkHeader`. */
  readonly calls: Set<string>
}

const code = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/

/** Errors that are not the caller's: they are answered with a status of 500 or more. */
const ofTheService = /^(?:EventLog|ReadModel|Service|Secrets|PersonKeys|Configuration|Export)Error$/

/**
 * Finds what a piece of source may reach.
 *
 * @param within what the piece stands in: names that are defined there are followed to what defines them
 * @param options.command the type of the command that is decided: what is done on others is left out
 * @param options.apart names that are not followed
 */
export function find(
  modules: Modules,
  piece: Node,
  within: Declaration,
  { command, apart }: { readonly command: string | undefined; readonly apart: ReadonlySet<string> },
): Found {
  const found: Found = { codes: new Set(), names: new Set(), texts: new Set(), kinds: new Set(), calls: new Set() }
  const definitions = definitionsIn(within.node)
  const followed = new Set<Node>()
  /** Parameters and variables of the functions that are being visited: what they stand for is visited where it stands. */
  const bound: ReadonlySet<string>[] = []
  visit(piece)
  return found

  function visit(node: Node): void {
    if (/^TS(?!As|Satisfies|NonNull)/.test(node.type)) return
    switch (node.type) {
      case 'Identifier':
        follow(nameOf(node))
        return
      case 'Literal':
        takeText(textOf(node))
        return
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
      case 'FunctionDeclaration': {
        bound.push(namesBoundBy(node))
        all(childrenOf(node))
        bound.pop()
        return
      }
      case 'NewExpression': {
        const thrown = nameOf(node.callee as Node)
        if (ofTheService.test(thrown) || isTransient(node)) return
        const first = textOf((node.arguments as readonly Node[])[0])
        // A code of one word is told from other words by where it stands.
        if (thrown === 'Refusal' && first !== undefined) found.codes.add(first)
        all(childrenOf(node))
        return
      }
      case 'CallExpression': {
        // What a check of an origin failed with is recorded, and refuses no call.
        if (nameOf(node.callee as Node) === 'failedCheck') return
        found.calls.add(`.${nameOf(node.callee as Node)}`)
        all(childrenOf(node))
        return
      }
      case 'MemberExpression': {
        const { object, property, computed } = node as Node & { object: Node; property: Node }
        if (!computed)
          found.calls.add(`${nameOf(object) || nameOf(object.property as Node | undefined)}.${nameOf(property)}`)
        all(computed ? [object, property] : [object])
        return
      }
      case 'Property': {
        const { key, value, computed } = node as Node & { key: Node; value: Node }
        const kind = textOf(value)
        if (nameOf(key) === 'kind' && kind !== undefined) found.kinds.add(kind)
        all(computed ? [key, value] : [value])
        return
      }
      // What something is compared with is neither thrown nor sent.
      case 'BinaryExpression':
        all(childrenOf(node).filter((each) => textOf(each) === undefined))
        return
      case 'SwitchStatement': {
        const { discriminant, cases } = node as Node & { discriminant: Node; cases: readonly Node[] }
        visit(discriminant)
        const isOfCommand = command !== undefined && isTypeOfCommand(discriminant)
        for (const each of isOfCommand ? casesFor(command, cases) : cases)
          statements(each.consequent as readonly Node[])
        return
      }
      case 'TryStatement':
        all(childrenOf(node).filter((each) => each !== node.block || !isCaught(node)))
        return
      case 'BlockStatement':
      case 'FunctionBody':
        statements(node.body as readonly Node[])
        return
      case 'IfStatement':
      case 'ConditionalExpression': {
        const { test, consequent, alternate } = node as Node & { test: Node; consequent: Node; alternate: Node | null }
        const holds = holdsFor(command, test)
        visit(test)
        if (holds !== false) visit(consequent)
        if (holds !== true && alternate !== null) visit(alternate)
        return
      }
      default:
        all(childrenOf(node))
        return
    }
  }

  function all(nodes: readonly Node[]): void {
    for (const each of nodes) visit(each)
  }

  /** What stands behind a statement that ends the function is not reached. */
  function statements(nodes: readonly Node[]): void {
    for (const each of nodes) {
      visit(each)
      if (ends(command, each)) return
    }
  }

  function takeText(text: string | undefined): void {
    if (text === undefined) return
    found.texts.add(text)
    if (code.test(text)) found.codes.add(text)
  }

  function follow(name: string): void {
    if (apart.has(name) || bound.some((names) => names.has(name))) return
    const declared = modules.resolve(within.path, name)
    if (declared !== undefined) found.names.add(declared)
    else
      for (const each of definitions.get(name) ?? []) {
        if (followed.has(each)) continue
        followed.add(each)
        visit(each)
      }
  }
}

/** Whether an error says of itself that it passes: it is the service's then. */
function isTransient({ arguments: given }: Node): boolean {
  const members = (given as readonly Node[]).flatMap(({ properties }) => (properties ?? []) as readonly Node[])
  return members.some(({ key, value }) => nameOf(key as Node) === 'transient' && (value as Node).value === true)
}

/** Whether refusals of what is tried are answered otherwise: `if (error instanceof Refusal) return …`, or nothing is thrown on. */
function isCaught({ handler }: Node): boolean {
  const caught = handler as Node | null
  if (caught === null) return false
  const statements = (caught.body as Node).body as readonly Node[]
  if (![...everyNode(caught)].some(({ type }) => type === 'ThrowStatement')) return true
  return statements.some(({ type, test, consequent }) => {
    const { operator, right } = (test ?? {}) as Node
    const isRefusal = operator === 'instanceof' && nameOf(right as Node) === 'Refusal'
    return type === 'IfStatement' && isRefusal && (consequent as Node).type === 'ReturnStatement'
  })
}

function ends(command: string | undefined, node: Node): boolean {
  if (node.type === 'ReturnStatement' || node.type === 'ThrowStatement') return true
  if (node.type === 'BlockStatement') return (node.body as readonly Node[]).some((each) => ends(command, each))
  if (node.type !== 'IfStatement') return false
  return holdsFor(command, node.test as Node) === true && ends(command, node.consequent as Node)
}

/** Whether a condition on the type of the command holds; nothing when it is another one. */
function holdsFor(command: string | undefined, test: Node): boolean | undefined {
  if (command === undefined) return undefined
  const { left, right, operator } = test as Node & { left: Node; right: Node }
  if (test.type === 'LogicalExpression' && operator === '||') {
    const sides = [holdsFor(command, left), holdsFor(command, right)]
    return sides.includes(true) ? true : sides.includes(undefined) ? undefined : false
  }
  if (test.type !== 'BinaryExpression' || !isTypeOfCommand(left)) return undefined
  const isIt = textOf(right) === command
  return operator === '===' ? isIt : operator === '!==' ? !isIt : undefined
}

/** The case of a switch that a command takes: of several labels, where something is done. */
function casesFor(command: string, cases: readonly Node[]): readonly Node[] {
  const first = cases.findIndex((each) => textOf(each.test) === command)
  if (first < 0) return cases.filter((each) => each.test === null)
  const filled = cases.findIndex((each, index) => index >= first && (each.consequent as readonly Node[]).length > 0)
  return cases.slice(filled, filled + 1)
}

/** Whether it is `command.type`. */
export function isTypeOfCommand({ type, object, property }: Node): boolean {
  return type === 'MemberExpression' && nameOf(object as Node) === 'command' && nameOf(property as Node) === 'type'
}

const definitionsOf = new WeakMap<Node, ReadonlyMap<string, readonly Node[]>>()

/** What a declaration defines inside of itself, by name. */
function definitionsIn(node: Node): ReadonlyMap<string, readonly Node[]> {
  const known = definitionsOf.get(node)
  if (known !== undefined) return known
  const definitions = new Map<string, Node[]>()
  for (const each of everyNode(node))
    if (each !== node && (each.type === 'VariableDeclarator' || each.type === 'FunctionDeclaration'))
      for (const name of namesIn(each.id as Node)) definitions.set(name, [...(definitions.get(name) ?? []), each])
  definitionsOf.set(node, definitions)
  return definitions
}

/** The names that stand in a pattern, such as `{ now, log: eventLog }`. */
function namesIn(pattern: Node): readonly string[] {
  if (pattern.type === 'Identifier') return [nameOf(pattern)]
  if (pattern.type === 'AssignmentPattern') return namesIn(pattern.left as Node)
  if (pattern.type === 'Property') return namesIn(pattern.value as Node)
  return childrenOf(pattern).flatMap((each) => (/^TS/.test(each.type) ? [] : namesIn(each)))
}

function namesBoundBy(of: Node): ReadonlySet<string> {
  const names = new Set((of.params as readonly Node[]).flatMap(namesIn))
  for (const name of definitionsIn(of).keys()) names.add(name)
  return names
}
