// Holds every import of the repository against the import table (scripts/imports/table.ts). Part of `npm run lint`.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkImports } from './imports/check.ts'

const root = join(import.meta.dirname, '..')
const isForeign = (name: string) => name === 'node_modules' || name === 'coverage' || name.startsWith('.')
const paths = globSync('**/*.{ts,js,mjs}', { cwd: root, exclude: isForeign })
const violations = checkImports(new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')])))
for (const { path, line, message } of violations) console.error(`${path}:${line}  ${message}`)
console.error(`Checked the imports of ${paths.length} files: ${violations.length || 'no'} against the table.`)
process.exitCode = violations.length === 0 ? 0 : 1
