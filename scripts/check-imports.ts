// Holds every import of the repository against the import table (scripts/imports/table.ts), and finds files that import
// each other in a circle. Part of `npm run lint`.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkImports } from './imports/check.ts'
import { findCircles } from './imports/circles.ts'

const root = join(import.meta.dirname, '..')
const isForeign = (name: string) => name === 'node_modules' || name === 'coverage' || name.startsWith('.')
const paths = globSync('**/*.{ts,js,mjs}', { cwd: root, exclude: isForeign })
const sources = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
const violations = checkImports(sources)
const circles = findCircles(sources)
for (const { path, line, message } of violations) console.error(`${path}:${line}  ${message}`)
for (const circle of circles) console.error(`these files import each other in a circle: ${circle.join(', ')}`)
console.error(
  `Checked the imports of ${paths.length} files: ${violations.length || 'no'} against the table, ${circles.length || 'no'} circles.`,
)
process.exitCode = violations.length + circles.length === 0 ? 0 : 1
