#!/usr/bin/env node
// The `countersign` command. Plain JavaScript, because the Node that runs it may be older than the one that the project
// pins: then the pinned one, an npm package of this project, runs cli/main.ts.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { compileCacheFolder, keepCompiledCode } from '../server/compile-cache.js'

const PINNED_MAJOR = 24
const main = new URL('main.ts', import.meta.url)
const packages = new URL('../node_modules/', import.meta.url)

if (!existsSync(packages)) {
  console.error(
    `countersign: its npm packages are not installed. Run 'npm ci' in ${fileURLToPath(new URL('..', import.meta.url))}`,
  )
  process.exitCode = 1
} else if (Number.parseInt(process.versions.node, 10) === PINNED_MAJOR) {
  keepCompiledCode()
  await import('./main.ts')
} else {
  runByPinnedNode(fileURLToPath(new URL('node/bin/node', packages)))
}

/** @param {string} node */
function runByPinnedNode(node) {
  const compiled = compileCacheFolder(process.env)
  const env = { ...process.env, ...(compiled && { NODE_COMPILE_CACHE: compiled }) }
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit', env })
  child.once('error', (error) => {
    console.error(
      `countersign: Node ${PINNED_MAJOR} cannot be run from ${node} (${error.message}). Run 'npm ci' again.`,
    )
    process.exitCode = 1
  })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    // Ctrl-C reaches the child by itself, as it is in the terminal's foreground too: passed on, it would arrive twice.
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
  })
}
