import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { type Import, type ModuleImports, readImports } from './read-imports.ts'
import { type Extent, exceptions, languages, neverImported, type Room, reserved, table } from './table.ts'

/** An import that the table forbids. */
export type Violation = {
  /** Relative to the root of the repository, with `/`. */
  readonly path: string
  readonly line: number
  /** What is wrong, and what the table allows. */
  readonly message: string
}

/** Sources by path (relative to the root of the repository, with `/`). */
export type Sources = ReadonlyMap<string, string>

/** Holds every import of `sources` against the table. Files at the root are configuration, and free. */
export function checkImports(sources: Sources): readonly Violation[] {
  const modules = new Map([...sources].map(([path, source]) => [path, readImports(path, source)]))
  const violations: Violation[] = []
  for (const [path, module] of modules) {
    const roomName = roomOf(path)
    if (roomName === undefined) continue
    const room = ruleFor(path, roomName)
    const report = (line: number, message: string) => violations.push({ path, line, message })
    if (room === undefined) {
      report(1, `the folder ${roomName}/ is not in the import table (scripts/imports/table.ts)`)
      continue
    }
    if (room.rooms !== 'all' && room.computedNames !== true) {
      for (const line of module.unreadable) report(line, 'imports a module whose name cannot be read from the source')
    }
    for (const one of module.imports) {
      const message = one.specifier.startsWith('.')
        ? refuseOwn(path, roomName, room, one, modules)
        : refuseForeign(roomName, room, one)
      if (message !== undefined) report(one.line, message)
    }
  }
  return violations
}

function ruleFor(path: string, roomName: string): Room | undefined {
  const room = Object.hasOwn(table, roomName) ? table[roomName] : undefined
  return room && { ...room, ...exceptions[path] }
}

function refuseOwn(
  path: string,
  from: string,
  room: Room,
  one: Import,
  modules: ReadonlyMap<string, ModuleImports>,
): string | undefined {
  const target = posix.join(posix.dirname(path), one.specifier)
  const to = roomOf(target)
  const holders = Object.hasOwn(reserved, target) ? reserved[target] : undefined
  if (holders !== undefined && !one.typeOnly && !holders.some((holder) => isIn(path, holder)))
    return `only ${holders.join(', ')} may import what ${target} has at run time: have it handed in`
  if (target.startsWith('..')) return `imports ${target}, which is outside of the repository`
  if (to === from) return undefined
  if (to === undefined) return room.rooms === 'all' ? undefined : `${from}/ may not import ${target}`
  if (neverImported.includes(to) && !neverImported.includes(from)) return `nothing may import ${to}/`
  if (room.rooms === 'all') return undefined
  const extent = Object.hasOwn(room.rooms, to) ? room.rooms[to] : undefined
  if (extent === undefined) return `${from}/ may not import ${to}/ (it may: ${words(room.rooms)})`
  if (extent === 'all' || one.typeOnly) return undefined
  if (extent === 'types') return `${from}/ may import only types from ${to}/: say 'import type'`
  const wrong = one.names.filter((name) => !languages[to]?.test(definedIn(target, name, modules)))
  if (wrong.length === 0) return undefined
  return `${from}/ may import only the types and the language of ${to}/ (scripts/imports/table.ts), not ${wrong.join(', ')}`
}

/** Whether a file is the one that is named, or lies in the folder that is named with a slash at its end. */
function isIn(path: string, holder: string): boolean {
  return holder.endsWith('/') ? path.startsWith(holder) : path === holder
}

function refuseForeign(from: string, room: Room, one: Import): string | undefined {
  if (isBuiltin(one.specifier)) {
    const name = one.specifier.replace(/^node:/, '')
    if (room.builtIns === 'all' || room.builtIns.includes(name) || one.typeOnly) return undefined
    return `${from}/ may not import ${one.specifier} (of Node it may: ${room.builtIns.join(', ') || 'nothing'})`
  }
  const name = one.specifier.split('/', one.specifier.startsWith('@') ? 2 : 1).join('/')
  if (room.packages === 'all' || room.packages.includes(name) || one.typeOnly) return undefined
  return `${from}/ may not import the package ${name} (it may: ${room.packages.join(', ')})`
}

/** The file that defines what `path` exports as `name`: doors pass on what other files define. */
function definedIn(path: string, name: string, modules: ReadonlyMap<string, ModuleImports>): string {
  if (name === '*') return path
  const reExports = modules.get(path)?.reExports ?? []
  const named = reExports.find(({ exportedName }) => exportedName === name)
  if (named !== undefined) return definedIn(resolve(path, named.specifier), named.importedName, modules)
  for (const { specifier, exportedName } of reExports) {
    if (exportedName !== '*') continue
    const inside = resolve(path, specifier)
    if (exportsName(inside, name, modules)) return definedIn(inside, name, modules)
  }
  return path
}

function exportsName(path: string, name: string, modules: ReadonlyMap<string, ModuleImports>): boolean {
  const module = modules.get(path)
  if (module === undefined) return false
  if (module.exported.includes(name)) return true
  return module.reExports.some(
    ({ specifier, exportedName }) => exportedName === '*' && exportsName(resolve(path, specifier), name, modules),
  )
}

function resolve(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier)
}

/** The folder at the root that a file lies in; `undefined` for files at the root itself. */
function roomOf(path: string): string | undefined {
  const [room, ...rest] = path.split('/')
  return rest.length === 0 ? undefined : room
}

function words(rooms: Readonly<Record<string, Extent>>): string {
  const parts = Object.entries(rooms).map(([room, extent]) => (extent === 'all' ? room : `${room} (${extent})`))
  return parts.join(', ') || 'nothing of ours'
}
