import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './temporary-folder.ts'

const root = join(import.meta.dirname, '../..')

/** The type of event that the newer build appends before each approval, and this one does not know. */
export const noteType = 'ApprovalNoted'

/** What is different in the newer build: in a file, the text that is replaced and what stands there instead. */
const changes: readonly (readonly [file: string, is: RegExp, becomes: string])[] = [
  ['domain/signing-request/index.ts', /'ApprovalGranted',/, `'ApprovalGranted', '${noteType}',`],
  [
    'domain/signing-request/state.ts',
    /export function evolve\([^)]*\)[^{]*\{/,
    `$& if ((event as { type: string }).type === '${noteType}') return state;`,
  ],
  [
    'domain/signing-request/decide-approval.ts',
    /return \[\s*\{\s*type: 'ApprovalGranted'/,
    `return [{ type: '${noteType}', data: { schemaVersion: 1 } } as never, { type: 'ApprovalGranted'`,
  ],
  ['domain/event-writers.ts', /ApprovalGranted: (\w+),/, `$& ${noteType}: $1,`],
  ['projections/tables.ts', /readModelVersion = (\d+)/, 'readModelVersion = 1$1'],
]

/**
 * Makes a build of the next release: this tree with one more type of event, in a folder of its own. It knows all that this one
 * knows; the read model has a form of its own.
 *
 * @returns the folder
 */
export function makeNewerBuild(): string {
  const folder = join(temporaryFolder(), 'newer')
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  for (const file of files.toString().split('\0'))
    if (file !== '' && !/^(test|bench|docs)\//.test(file)) cpSync(join(root, file), join(folder, file))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const [file, is, becomes] of changes) {
    const path = join(folder, file)
    const before = readFileSync(path, 'utf8')
    const after = before.replace(is, becomes)
    if (after === before) throw new Error(`${file} has nothing like ${is}: say here what the newer build changes.`)
    writeFileSync(path, after)
  }
  return folder
}
