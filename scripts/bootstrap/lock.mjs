import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cacheFolder } from '../../server/embedded/find-temporal-cli.js'
import { StepFailed, say } from './step.mjs'

const beatMs = 5_000
/** A holder that has not shown itself for this long is gone, whatever its process number says. */
const goneAfterMs = 60_000

/**
 * Does `work` while no other bootstrap of this user works: two of them would install into the same folders. Throws StepFailed
 * when it cannot be said here whether one does.
 *
 * @param {() => Promise<void>} work
 */
export async function withBootstrapLock(work) {
  const folder = cacheFolder(process.env)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'bootstrap.lock')
  let told = false
  while (!take(file)) {
    if (!told) say(`another bootstrap is at work (${describe(file)}); waiting for it`)
    told = true
    await delay(250)
  }
  const release = () => rmSync(file, { force: true })
  process.once('exit', release)
  const beat = setInterval(() => utimesSync(file, new Date(), new Date()), beatMs)
  try {
    await work()
  } finally {
    clearInterval(beat)
    process.off('exit', release)
    release()
  }
}

/** @param {string} file */
function take(file) {
  try {
    writeFileSync(file, `${process.pid} on ${hostname()}`, { flag: 'wx' })
    return true
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    if (code !== 'EEXIST') {
      rmSync(file, { force: true })
      throw new StepFailed(`the lock ${file} cannot be made: ${message}. Make room and let this user write there.`)
    }
    if (isAbandoned(file)) discard(file)
    return false
  }
}

/**
 * Removes an abandoned lock. Of several that try at once, one renames it; whoever then finds a lock that a new holder
 * made in between puts it back.
 *
 * @param {string} file
 */
function discard(file) {
  const mine = `${file}.${process.pid}`
  try {
    renameSync(file, mine)
    if (isAbandoned(mine)) rmSync(mine)
    else renameSync(mine, file)
  } catch {
    // Somebody else was quicker.
  }
}

/** @param {string} file */
function isAbandoned(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > goneAfterMs) return true
    const [pid, host] = readFileSync(file, 'utf8').split(' on ')
    return host === hostname() && !isRunning(Number(pid))
  } catch {
    return false
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** @param {string} file */
function describe(file) {
  try {
    return `process ${readFileSync(file, 'utf8')}`
  } catch {
    return 'just finished'
  }
}
