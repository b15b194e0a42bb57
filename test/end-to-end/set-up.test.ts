import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { realPrograms } from '../support/programs.ts'
import { startServiceProcess } from '../support/service-processes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { giveWorkflowBundle } from '../support/workflow-bundle.ts'

const root = join(import.meta.dirname, '../..')

/** The blocks of the page that a reader is to type, each with its number. */
const blocks = [...readFileSync(join(root, 'docs/set-up.md'), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(
  ([, text = '']) => text,
)

it('is done by the command line alone, as docs/set-up.md says', { timeout: 300_000 }, async () => {
  expect(blocks.length).toBeGreaterThan(10)
  const folder = temporaryFolder()
  const data = join(folder, '.countersign')
  await giveWorkflowBundle(data)
  const service = await startServiceProcess({
    args: ['server/main.ts', '--no-demo'],
    environment: { COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: '0' },
    ready: (output) => /Countersign is ready: (\S+)\/graphql/.exec(output)?.[1],
    leader: true,
  })
  onTestFinished(async () => void (await service.end('SIGTERM')))
  expect(service.output()).toContain('npx countersign init --organization NAME')

  const { pe32plus } = await realPrograms()
  copyFileSync(pe32plus, join(folder, 'setup.exe'))
  const programs = join(folder, 'bin')
  mkdirSync(programs)
  writeFileSync(
    join(programs, 'countersign'),
    `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'cli/main.ts')}' "$@"\n`,
  )
  chmodSync(join(programs, 'countersign'), 0o755)
  // Each block says its number, so that a failure names it.
  const script = blocks.map((text, index) => `echo "=== block ${index + 1}" >&2\n${text}`).join('\n')
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COUNTERSIGN_')))
  const shell = spawn('bash', ['-c', script], {
    cwd: folder,
    env: { ...own, PATH: [programs, join(process.execPath, '..'), process.env.PATH].join(delimiter) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (bytes) => (said += bytes))
  const code = await new Promise((resolve) => shell.once('close', resolve))
  expect(code, said).toBe(0)
  expect(said).toContain('Number of verified signatures: 1')
  expect(said).toMatch(/SHA-256.*\n|Signed: /)
  expect(said).toContain('The read model says the same.')
  // No secret of anybody is on the screen.
  expect(said).not.toMatch(/\bcst?_[A-Za-z0-9_]{30,}/)
})
