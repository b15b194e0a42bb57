import { join } from 'node:path'
import { find, isTypeOfCommand } from './found.ts'
import { type Declaration, everyNode, type Modules, type Node, nameOf, readModules, textOf } from './modules.ts'
import { apart, endingAdministrators, ofTheService, ports, rooms } from './tables.ts'

const root = join(import.meta.dirname, '../..')
/** A piece of source, and the declaration that it stands in. */
type Piece = { readonly node: Node; readonly within: Declaration }

/** Codes of refusals, in their order. */
export type FoundRefusals = {
  /** Of whoever calls with a token. */
  readonly authentication: readonly string[]
  /** Of bodies of fields, in whatever form they are sent, and of files. */
  readonly fields: readonly string[]
  readonly file: readonly string[]
  /** By the ids of operations. */
  readonly operations: Readonly<Record<string, readonly string[]>>
}

/**
 * For each operation of REST the codes that its handler, its use case and the deciders of its commands may refuse with, read from the
 * source: what the handler reaches, by name or through {@link ports}; of a decider what stands in the way of its commands. What is
 * reached only by an input that the operation does not take is among them.
 */
export function findRefusals(): FoundRefusals {
  const modules = readModules(root, rooms)
  const codesOf = searchIn(modules)
  const operations = modules.paths
    .filter((path) => path.startsWith('rest/'))
    .flatMap((path) => modules.declarationsOf(path).flatMap(operationsIn))
  const ofFunction = (files: RegExp, name: string) => {
    const codes = functionsIn(modules, files, name).flatMap((piece) => [...codesOf(piece)])
    if (codes.length === 0) throw new Error(`Nothing refuses in ${name}.`)
    return [...new Set(codes)].toSorted()
  }
  return {
    authentication: [
      ...new Set([
        ...ofFunction(/^application\/authenticate\.ts/, 'authenticate'),
        ...ofFunction(/^application\/authenticate-job/, 'authenticateJob'),
      ]),
    ].toSorted(),
    fields: ofFunction(/^rest\/forms\/read-body/, 'readBody'),
    file: ofFunction(/^rest\/upload-body/, 'incomingFile'),
    operations: Object.fromEntries(
      operations
        .map(({ operationId, ...piece }) => [operationId, [...codesOf(piece)].toSorted()] as const)
        .toSorted(([one], [other]) => (one < other ? -1 : 1)),
    ),
  }
}

/** What each decider may refuse with, whatever its command is. */
export function refusalsOfDeciders(): readonly {
  readonly path: string
  readonly name: string
  readonly codes: readonly string[]
}[] {
  const modules = readModules(root, ['domain'])
  const codesOf = searchIn(modules)
  return decidersIn(modules).map(({ node, within: { path, name } }) => ({
    path,
    name,
    codes: [...codesOf({ node, within: { path, name, node } })].toSorted(),
  }))
}

/** The calls that define operations, by the text that says which. */
function operationsIn(within: Declaration): readonly (Piece & { readonly operationId: string })[] {
  return [...everyNode(within.node)].flatMap((node) => {
    if (node.type !== 'CallExpression') return []
    const members = (node.arguments as readonly Node[]).flatMap((argument) =>
      argument.type === 'ObjectExpression' ? (argument.properties as readonly Node[]) : [],
    )
    const named = members.find(({ key }) => /^(?:operationId|useCase)$/.test(nameOf(key as Node)))
    const operationId = textOf(named?.value)
    return operationId === undefined ? [] : [{ operationId, node, within }]
  })
}

/** Finds the codes that a piece of source may reach. */
function searchIn(modules: Modules): (piece: Piece) => ReadonlySet<string> {
  const commands = decidedIn(modules)
  const sources = sourcesIn(modules)
  const callees = new Map<string, readonly Piece[]>()
  const known = new Map<string, { readonly codes: ReadonlySet<string>; readonly next: readonly Step[] }>()

  function reached({ node, within }: Piece, command: string | undefined) {
    const { codes, names, texts, kinds, calls } = find(modules, node, within, { command, apart })
    const next: Step[] = []
    for (const each of names) if (!isDecider(each)) next.push([{ node: each.node, within: each }, command])
    // What a decider does on a command makes events, and calls nobody.
    if (command !== undefined) return { codes, next }
    for (const type of texts) for (const piece of commands.get(type) ?? []) next.push([piece, type])
    if ([...texts].some((type) => endingAdministrators.has(type)))
      for (const piece of functionsIn(modules, /^application\/keep-administrator/, 'keepAdministrator'))
        next.push([piece, undefined])
    for (const kind of kinds) for (const piece of sources.get(kind) ?? []) next.push([piece, undefined])
    for (const call of calls) for (const piece of calledBy(call)) next.push([piece, undefined])
    return { codes, next }
  }

  function calledBy(call: string): readonly Piece[] {
    const useCase = /^application\.(\w+)$/.exec(call)?.[1]
    if (useCase === 'authorizeQuery') return []
    const targets: readonly (readonly [RegExp, string])[] =
      useCase === undefined
        ? ports.filter(([each]) => each === call).map(([, files, name]) => [files, name])
        : [[/^application\//, useCase]]
    const pieces = callees.get(call) ?? targets.flatMap(([files, name]) => functionsIn(modules, files, name))
    callees.set(call, pieces)
    return pieces
  }

  return (piece) => {
    const found = new Set<string>()
    const seen = new Set<string>()
    const waiting: Step[] = [[piece, undefined]]
    for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
      const [{ node, within }, command] = step
      const key = `${within.path} ${node.start} ${node.end} ${command ?? ''}`
      if (seen.has(key)) continue
      seen.add(key)
      const { codes, next } = known.get(key) ?? reached({ node, within }, command)
      known.set(key, { codes, next })
      for (const code of codes) if (!ofTheService.has(code)) found.add(code)
      waiting.push(...next)
    }
    return found
  }
}

/** What is looked at next, and for which command. */
type Step = readonly [Piece, command: string | undefined]

/** What of a decider is reached follows from the commands that it is given. */
function isDecider({ name, path }: Declaration): boolean {
  return path.startsWith('domain/') && (/Decider$/.test(name) || name === 'decide')
}

/** Where each command is decided, by its type. */
function decidedIn(modules: Modules): ReadonlyMap<string, readonly Piece[]> {
  const decided = new Map<string, Piece[]>()
  for (const { node, within } of decidersIn(modules))
    for (const type of [...modules.commandTypesOf(within), ...comparedIn(node)])
      decided.set(type, [...(decided.get(type) ?? []), { node, within }])
  return decided
}

/** The functions that decide commands. */
function decidersIn(modules: Modules): readonly Piece[] {
  return modules.paths
    .filter((path) => path.startsWith('domain/'))
    .flatMap((path) => modules.declarationsOf(path).filter(isDecider))
    .flatMap((within) =>
      (within.name === 'decide' ? [within.node] : members(within.node, 'decide')).map((node) => ({ node, within })),
    )
}

/** The texts that a decider compares the type of its command with. */
function comparedIn(decide: Node): readonly string[] {
  return [...everyNode(decide)].flatMap((each) => {
    const isSwitch = each.type === 'SwitchStatement' && isTypeOfCommand(each.discriminant as Node)
    if (isSwitch) return (each.cases as readonly Node[]).flatMap(({ test }) => textOf(test) ?? [])
    return each.type === 'BinaryExpression' && isTypeOfCommand(each.left as Node) ? (textOf(each.right) ?? []) : []
  })
}

/** What checks a submitted source, by its kind, and finds out that it is another. */
function sourcesIn(modules: Modules): ReadonlyMap<string, readonly Piece[]> {
  const declarations = modules.paths.filter((path) => /^sources\//.test(path)).flatMap(modules.declarationsOf)
  const checks = declarations.flatMap((within) =>
    members(within.node, 'kind').flatMap((kind) =>
      members(within.node, 'check').map((node) => [textOf(kind) ?? '', { node, within }] as const),
    ),
  )
  const recognising = functionsIn(modules, /^sources\//, 'recognise')
  const uploaded = checks.filter(([kind]) => kind === 'hashPayload').map(([, piece]) => piece)
  return new Map(
    [...new Set(checks.map(([kind]) => kind))].map((kind) => [
      kind,
      [
        ...checks.filter(([each]) => each === kind).map(([, piece]) => piece),
        ...(kind === 'uploadedFile' ? [...recognising, ...uploaded] : []),
      ],
    ]),
  )
}

/** Functions of a name in some files: declared there, or members of objects. */
function functionsIn(modules: Modules, files: RegExp, name: string): readonly Piece[] {
  return modules.paths
    .filter((path) => files.test(path))
    .flatMap(modules.declarationsOf)
    .flatMap((within) =>
      within.name === name
        ? [{ node: within.node, within }]
        : members(within.node, name).map((node) => ({ node, within })),
    )
}

const membersBelow = new WeakMap<Node, ReadonlyMap<string, readonly Node[]>>()

/** The values of members of this name in objects below a node. */
function members(node: Node, name: string): readonly Node[] {
  let below = membersBelow.get(node)
  if (below === undefined) {
    const named = [...everyNode(node)].filter(({ type, shorthand }) => type === 'Property' && shorthand !== true)
    below = Map.groupBy(named, ({ key }) => nameOf(key as Node))
    membersBelow.set(node, below)
  }
  return (below.get(name) ?? []).map(({ value }) => value as Node)
}
