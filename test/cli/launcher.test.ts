import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

const main = `
const [what, ...rest] = process.argv.slice(2)
if (what === 'say') console.log(JSON.stringify(rest))
if (what === 'exit') process.exitCode = Number(rest[0])
if (what === 'die') process.kill(process.pid, 'SIGKILL')
if (what === 'wait') {
  process.on('SIGTERM', () => process.exit(7))
  setInterval(() => {}, 1000)
  console.log('waiting')
}
const typed: string = 'types are stripped'
`

/** A project that has the launcher, a main program of the test, and this Node as its pinned one. */
function project(options: { installed: boolean }): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'cli'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  mkdirSync(join(folder, 'server/embedded'), { recursive: true })
  for (const file of ['cli/countersign.js', 'server/compile-cache.js', 'server/embedded/find-temporal-cli.js'])
    copyFileSync(join(import.meta.dirname, '../..', file), join(folder, file))
  writeFileSync(join(folder, 'cli/main.ts'), main)
  if (options.installed) {
    mkdirSync(join(folder, 'node_modules/node/bin'), { recursive: true })
    symlinkSync(process.execPath, join(folder, 'node_modules/node/bin/node'))
  }
  return folder
}

/** What makes this Node look as one of another version to the launcher. */
function asNode(version: string): string[] {
  const code = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`]
}

function launch(folder: string, version: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawnSync(process.execPath, [...asNode(version), join(folder, 'cli/countersign.js'), ...args], {
    encoding: 'utf8',
    env,
  })
}

test.each(['20.11.0', '22.4.1', '24.0.0', '26.1.0'])(
  'Node %s runs the command, by the pinned Node if need be',
  (version) => {
    const folder = project({ installed: true })
    const { stdout, status } = launch(folder, version, ['say', 'two words', '--flag', ''])
    expect(JSON.parse(stdout)).toEqual(['two words', '--flag', ''])
    expect(status).toBe(0)
    expect(launch(folder, version, ['exit', '3']).status).toBe(3)
  },
)

test.each(['20.11.0', '24.0.0'])('what is compiled is kept for the next start, under Node %s', (version) => {
  const caches = temporaryFolder()
  const { NODE_COMPILE_CACHE: _, ...environment } = process.env
  const { status } = launch(project({ installed: true }), version, ['say'], { ...environment, XDG_CACHE_HOME: caches })
  expect(status).toBe(0)
  expect(readdirSync(join(caches, 'countersign/compiled'))).not.toEqual([])
})

test('an end by a signal becomes the exit code that shells give it', () => {
  expect(launch(project({ installed: true }), '20.11.0', ['die']).status).toBe(128 + 9)
})

test('a signal to the launcher reaches the command', async () => {
  const args = [...asNode('20.11.0'), join(project({ installed: true }), 'cli/countersign.js'), 'wait']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(createInterface({ input: child.stdout }), 'line')
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([7, null])
})

test.each(['20.11.0', '24.0.0'])('without its packages the command says, under Node %s, how to get them', (version) => {
  const folder = project({ installed: false })
  const { stderr, status } = launch(folder, version, ['say'])
  expect(stderr).toContain(`Run 'npm ci' in ${folder}`)
  expect(status).toBe(1)
})

test('a pinned Node that cannot be run is named', () => {
  const folder = project({ installed: false })
  mkdirSync(join(folder, 'node_modules'))
  const { stderr, status } = launch(folder, '20.11.0', ['say'])
  expect(stderr).toContain(join(folder, 'node_modules/node/bin/node'))
  expect(status).toBe(1)
})
