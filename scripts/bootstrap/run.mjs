import { spawn } from 'node:child_process'
import { say, seconds } from './step.mjs'

const progressEveryMs = 30_000
const firstLinesKept = 12
const lastLinesKept = 18

/**
 * How a command went; `output` is its first and last lines.
 *
 * @typedef {{ readonly ok: boolean, readonly output: string }} Outcome
 */

/**
 * Runs a command without input, says now and then that it is still at work, and ends it (and what it started) after
 * `limitMs`. Never throws.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ limitMs: number, environment?: NodeJS.ProcessEnv, folder?: string }} options
 * @returns {Promise<Outcome>}
 */
export function run(command, args, { limitMs, environment = {}, folder }) {
  const since = performance.now()
  const words = [command, ...args].join(' ')
  return new Promise((resolve) => {
    /** @type {string[]} */
    const lines = []
    /** @type {import('node:child_process').ChildProcess | undefined} */
    let child
    const endGroup = () => {
      if (child?.pid === undefined) return
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    // Before there is a command: a signal that comes before its handler ends this process alone.
    const interrupted = () => {
      endGroup()
      process.exit(130)
    }
    process.once('SIGINT', interrupted)
    process.once('SIGTERM', interrupted)
    process.once('exit', endGroup)
    const started = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
      cwd: folder,
      // A group of its own, so that a time limit ends the whole of it.
      detached: true,
    })
    child = started
    const progress = setInterval(() => say(`  … still running after ${seconds(since)}: ${words}`), progressEveryMs)
    const limit = setTimeout(() => {
      lines.push(`ended because it took longer than ${limitMs / 1000} s`)
      endGroup()
    }, limitMs)
    /** @param {boolean} ok */
    const settle = (ok) => {
      clearInterval(progress)
      clearTimeout(limit)
      process.off('SIGINT', interrupted)
      process.off('SIGTERM', interrupted)
      process.off('exit', endGroup)
      resolve({ ok, output: lines.join('\n') })
    }
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        lines.push(...text.split('\n').filter((line) => line.trim() !== ''))
        const surplus = lines.length - firstLinesKept - lastLinesKept
        if (surplus > 0) lines.splice(firstLinesKept, surplus)
      })
    }
    started.once('error', (error) => {
      lines.push(error.message)
      settle(false)
    })
    started.once('close', (code) => settle(code === 0))
  })
}
