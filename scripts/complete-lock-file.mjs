// Completes package-lock.json after `npm install` from a registry that does not hold every package, such as a mirror:
// npm leaves out optional packages (binaries for other platforms) that it cannot find, and `npm ci` then refuses the lock
// file. Adds them by name and version; npm installs them only on the platform that they are for.
//
//   node scripts/complete-lock-file.mjs

import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/**
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   optionalDependencies?: Record<string, string> }} LockedPackage
 * @typedef {Record<string, LockedPackage>} LockedPackages by place, e.g. `node_modules/zod`
 */

/**
 * The optional packages that another package of the lock file names and the lock file does not hold.
 *
 * @param {LockedPackages} packages
 * @returns {LockedPackages} by the place that they belong to
 */
export function missingOptionalPackages(packages) {
  /** @type {LockedPackages} */
  const missing = {}
  for (const [place, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(optionalDependencies)) {
      if (isReachable(packages, place, name)) continue
      const platform = platformOf(name)
      missing[`node_modules/${name}`] = {
        version: range.replace(/^[\^~=]/, ''),
        ...platform,
        ...(dev === true && { dev }),
        optional: true,
      }
    }
  }
  return missing
}

/**
 * As Node resolves: from the place of the package outwards.
 *
 * @param {LockedPackages} packages
 * @param {string} place
 * @param {string} name
 */
function isReachable(packages, place, name) {
  for (let from = place; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
    if (Object.hasOwn(packages, `${from === '' ? '' : `${from}/`}node_modules/${name}`)) return true
    if (from === '') return false
  }
}

/**
 * What the name of a binary package says of its platform, in npm's words.
 *
 * @param {string} name
 * @returns {Pick<LockedPackage, 'os' | 'cpu' | 'libc'>}
 */
function platformOf(name) {
  const os = /android|darwin|freebsd|linux|openharmony|win32/.exec(name)?.[0]
  const cpu = /arm64|x64|ia32|ppc64|s390x|riscv64|arm/.exec(name)?.[0]
  const libc = /musl/.test(name) ? 'musl' : /-gnu/.test(name) ? 'glibc' : undefined
  return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }) }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = new URL('../package-lock.json', import.meta.url)
  const lock = JSON.parse(readFileSync(file, 'utf8'))
  const missing = missingOptionalPackages(lock.packages)
  if (Object.keys(missing).length > 0) {
    const sorted = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => (a < b ? -1 : 1))
    writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`)
  }
  console.log(`package-lock.json: added ${Object.keys(missing).length} packages of other platforms`)
}
