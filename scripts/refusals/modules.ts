import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync, visitorKeys } from 'oxc-parser'

/** A node of a syntax tree (ESTree), as far as it is not known which. */
export type Node = { readonly type: string; readonly [member: string]: unknown }

/** What a file defines at its top level, by name. */
export type Declaration = { readonly path: string; readonly name: string; readonly node: Node }

type Module = {
  readonly declarations: ReadonlyMap<string, Node>
  /** Local name → where it comes from. */
  readonly imports: ReadonlyMap<string, { readonly path: string; readonly name: string }>
  /** Names that are passed on, `*` for all of a file. */
  readonly passedOn: readonly { readonly path: string; readonly name: string; readonly as: string }[]
  /** Of types `…Command`: the types of commands that they name. */
  readonly commandTypes: ReadonlyMap<string, readonly string[]>
}

/** The files of some rooms, and who names what of whom. */
export type Modules = {
  readonly paths: readonly string[]
  /** What a file's top level defines. */
  readonly declarationsOf: (path: string) => readonly Declaration[]
  /** What a name means at the top level of a file; nothing when it comes from a package, or is not one of the file's. */
  readonly resolve: (path: string, name: string) => Declaration | undefined
  /** The types of the commands that a decider takes, as far as the file of it defines them. */
  readonly commandTypesOf: (decider: Declaration) => readonly string[]
}

/** Reads the files of the rooms below a folder. */
export function readModules(root: string, rooms: readonly string[]): Modules {
  const paths = globSync(
    rooms.map((room) => `${room}/**/*.ts`),
    { cwd: root },
  )
  const known = new Set(paths)
  const modules = new Map<string, Module>()

  /** Files are read when something leads to them: most of the source answers nobody. */
  function moduleAt(path: string): Module | undefined {
    const before = modules.get(path)
    if (before !== undefined || !known.has(path)) return before
    const module = readModule(path, readFileSync(join(root, path), 'utf8'))
    modules.set(path, module)
    return module
  }

  function exported(path: string, name: string): Declaration | undefined {
    const module = moduleAt(path)
    if (module === undefined) return undefined
    const node = module.declarations.get(name)
    if (node !== undefined) return { path, name, node }
    for (const each of module.passedOn) {
      if (each.as !== name && each.as !== '*') continue
      const found = exported(each.path, each.as === '*' ? name : each.name)
      if (found !== undefined) return found
    }
    return undefined
  }

  return {
    paths,
    declarationsOf: (path) => [...(moduleAt(path)?.declarations ?? [])].map(([name, node]) => ({ path, name, node })),
    resolve(path, name) {
      const imported = moduleAt(path)?.imports.get(name)
      if (imported !== undefined) return exported(imported.path, imported.name)
      const node = moduleAt(path)?.declarations.get(name)
      return node && { path, name, node }
    },
    commandTypesOf({ path, node }) {
      const referred = [...everyNode((node.id ?? node) as Node)].filter(({ type }) => type === 'TSTypeReference')
      return referred.flatMap(({ typeName }) => moduleAt(path)?.commandTypes.get(nameOf(typeName as Node)) ?? [])
    },
  }
}

function readModule(path: string, source: string): Module {
  const { program, module } = parseSync(path, source)
  const from = (specifier: string) => posix.join(posix.dirname(path), specifier)
  const declarations = new Map<string, Node>()
  const commandTypes = new Map<string, readonly string[]>()
  for (const statement of program.body as unknown as readonly Node[]) {
    const declared = (statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement) as Node | null
    if (declared?.type === 'VariableDeclaration')
      for (const each of declared.declarations as readonly Node[]) declarations.set(nameOf(each.id as Node), each)
    else if (declared?.type === 'FunctionDeclaration' || declared?.type === 'ClassDeclaration')
      declarations.set(nameOf(declared.id as Node), declared)
    else if (declared?.type === 'TSTypeAliasDeclaration' && /Command$/.test(nameOf(declared.id as Node)))
      commandTypes.set(nameOf(declared.id as Node), typesIn(declared))
  }
  const imports = module.staticImports.flatMap(({ moduleRequest, entries }) =>
    entries.map(
      ({ localName, importName }) =>
        [localName.value, { path: from(moduleRequest.value), name: importName.name ?? '*' }] as const,
    ),
  )
  const passedOn = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, importName, exportName }) =>
      moduleRequest === null
        ? []
        : [{ path: from(moduleRequest.value), name: importName.name ?? '*', as: exportName.name ?? '*' }],
    ),
  )
  return { declarations, imports: new Map(imports), passedOn, commandTypes }
}

/** What `type` may be in the objects that a type describes. */
function typesIn(alias: Node): readonly string[] {
  const members = [...everyNode(alias)].filter(
    ({ type, key }) => type === 'TSPropertySignature' && nameOf(key as Node) === 'type',
  )
  return members.flatMap((each) => [...everyNode(each)].flatMap((node) => textOf(node) ?? []))
}

/** The name that an identifier is; of a pattern none. */
export function nameOf(node: Node | null | undefined): string {
  return node?.type === 'Identifier' ? String(node.name) : ''
}

/** The text that a literal is. */
export function textOf(node: unknown): string | undefined {
  const { type, value } = (node ?? {}) as Node
  return type === 'Literal' && typeof value === 'string' ? value : undefined
}

/** The nodes directly below a node, in their order. */
export function childrenOf(node: Node): readonly Node[] {
  return (visitorKeys[node.type] ?? []).flatMap((key) => {
    const child = node[key]
    return (Array.isArray(child) ? child : [child]).filter((each): each is Node => each != null)
  })
}

/** A node and all below it. */
export function* everyNode(node: Node): Generator<Node> {
  yield node
  for (const child of childrenOf(node)) yield* everyNode(child)
}
