import { parseSync, Visitor } from 'oxc-parser'

/** One import or re-export of a module by a file. */
export type Import = {
  /** As written, e.g. `../domain/ids.ts`, `node:fs`, `zod`. */
  readonly specifier: string
  /** Counted from 1. */
  readonly line: number
  /** Nothing of it remains when the program runs. */
  readonly typeOnly: boolean
  /** What is imported by name and exists at run time; `*` for the whole module. */
  readonly names: readonly string[]
}

/** A name that a file passes on from another one. */
export type ReExport = {
  readonly specifier: string
  /** In the other file; `*` for everything. */
  readonly importedName: string
  /** Here; `*` when everything keeps its name. */
  readonly exportedName: string
}

/** What {@link readImports} finds in a file. */
export type ModuleImports = {
  readonly imports: readonly Import[]
  readonly reExports: readonly ReExport[]
  /** The names that the file exports, passed on by name or defined here. */
  readonly exported: readonly string[]
  /** Lines with an `import(…)` or `import x = require(…)` whose module is not a plain string. */
  readonly unreadable: readonly number[]
}

/**
 * Reads what a TypeScript or JavaScript file imports: statements, re-exports, `import()` as expression and as type.
 *
 * @throws Error when the file cannot be parsed
 */
export function readImports(path: string, source: string): ModuleImports {
  const parsed = parseSync(path, source)
  const { module, errors } = parsed
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`)
  const lineOf = (offset: number) => source.slice(0, offset).split('\n').length
  const imports: Import[] = []
  const reExports: ReExport[] = []
  const exported: string[] = []
  const unreadable: number[] = []

  for (const { moduleRequest, entries, start } of module.staticImports) {
    const values = entries.filter(({ isType }) => !isType)
    imports.push({
      specifier: moduleRequest.value,
      line: lineOf(start),
      // `import './x.ts'` has no names and runs the module all the same.
      typeOnly: entries.length > 0 && values.length === 0,
      names: entries.length === 0 ? ['*'] : values.map(({ importName }) => importName.name ?? '*'),
    })
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, importName, exportName, isType, start } of entries) {
      if (exportName.name !== null) exported.push(exportName.name)
      if (moduleRequest === null) continue
      const specifier = moduleRequest.value
      const name = importName.name ?? '*'
      imports.push({ specifier, line: lineOf(start), typeOnly: isType, names: isType ? [] : [name] })
      reExports.push({ specifier, importedName: name, exportedName: exportName.name ?? '*' })
    }
  }
  const addDynamic = (text: string, offset: number) => {
    const specifier = /^(['"`])([^$\\]*)\1$/.exec(text)?.[2]
    if (specifier === undefined) unreadable.push(lineOf(offset))
    else imports.push({ specifier, line: lineOf(offset), typeOnly: false, names: ['*'] })
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    addDynamic(source.slice(moduleRequest.start, moduleRequest.end), start)
  }
  // The tree costs more than all the rest. What only it tells begins with a word that nothing above accounts for.
  const words = source.match(/\bimport\b/g)?.length ?? 0
  if (words === module.staticImports.length + module.dynamicImports.length + module.importMetas.length)
    return { imports, reExports, exported, unreadable }
  new Visitor({
    TSImportType: ({ source: { value }, start }) => {
      imports.push({ specifier: value, line: lineOf(start), typeOnly: true, names: [] })
    },
    TSImportEqualsDeclaration: ({ moduleReference, start }) => {
      if (moduleReference.type !== 'TSExternalModuleReference') return
      const { expression } = moduleReference
      addDynamic(source.slice(expression.start, expression.end), start)
    },
  }).visit(parsed.program)
  return { imports, reExports, exported, unreadable }
}
