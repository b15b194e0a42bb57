import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'
import { StepFailed } from './step.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const modules = join(root, 'node_modules')
/** Holds the digest of the package-lock.json that was last found installed. */
const stamp = join(modules, '.countersign-installed')
/** What the install scripts of native packages leave behind; without these the packages are there and do not work. */
const built = ['node/bin/node', 'pkcs11js/build/Release/pkcs11.node', '@temporalio/core-bridge/package.json']
const limitMs = 15 * 60_000

/**
 * The npm packages, exactly as package-lock.json names them, with the native ones built.
 *
 * @returns {import('./step.mjs').Step}
 */
export function npmDependencies() {
  return {
    name: 'npm packages',
    missing: () => (isInstalled() ? [] : ['packages of package-lock.json']),
    obtain: async () => {
      // `npm ci` begins by removing the folder, under the feet of whatever runs from it; so only where there is nothing
      // to lose. Otherwise npm brings the folder in line with the lock file, and leaves that file as it is.
      const fresh = !existsSync(join(modules, '.package-lock.json'))
      const args = fresh ? ['ci', '--include=dev'] : ['install', '--no-save', '--include=dev']
      const npm = process.env.npm_execpath
      const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
      const { ok, output } = await run(command, [...first, ...args, '--no-audit', '--no-fund'], {
        limitMs,
        folder: root,
        // A production environment would leave out what checks types and runs tests.
        environment: { NODE_ENV: '' },
      })
      if (ok) return `npm ${args[0]}`
      throw new StepFailed(
        [
          `npm ${args.join(' ')} failed:`,
          output,
          '',
          'What to do: make sure that the npm registry can be reached (npm ping). If a native package could not be built,',
          'it needs a C++ compiler, make and python3 (Debian: apt-get install g++ make python3; Fedora: dnf install',
          'gcc-c++ make python3; macOS: xcode-select --install). Then remove node_modules and run the command again.',
        ].join('\n'),
      )
    },
  }
}

function isInstalled() {
  if (!built.every((file) => existsSync(join(modules, file)))) return false
  const lock = readFileSync(join(root, 'package-lock.json'))
  const digest = createHash('sha256').update(lock).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return true
  // Somebody may have installed by hand: npm notes in a lock file of its own, as its last act, what it installed.
  if (!agree(readLockFile(join(root, 'package-lock.json')), readLockFile(join(modules, '.package-lock.json'))))
    return false
  writeFileSync(stamp, digest)
  return true
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage
 * @typedef {Record<string, LockedPackage>} LockedPackages by place, e.g. `node_modules/zod`
 */

/**
 * @param {string} file
 * @returns {LockedPackages | undefined} nothing when the file is missing or cut short
 */
function readLockFile(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/**
 * @param {LockedPackages | undefined} wanted
 * @param {LockedPackages | undefined} installed
 */
function agree(wanted, installed) {
  if (wanted === undefined || installed === undefined) return false
  return Object.entries(wanted).every(([place, { version, integrity, optional }]) => {
    if (place === '') return true
    const found = installed[place]
    // Optional packages are those built for other platforms.
    if (found === undefined) return optional === true
    return found.version === version && found.integrity === integrity
  })
}
