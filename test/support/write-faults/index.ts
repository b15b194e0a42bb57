import { execFileSync } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'

/** What writing may fail with. */
export type WriteFault = 'EIO' | 'EROFS' | 'EDQUOT' | 'ENOSPC'

/** A folder in which a process cannot write while a test says so. It reads on. */
export type WriteFaults = {
  /** For the process, and those that it starts; programs that do without the C library do not notice. */
  readonly environment: Readonly<Record<string, string>>
  /** Lets every write fail from now on. */
  readonly begin: (fault: WriteFault) => void
  readonly end: () => void
}

/**
 * Compiles the library that makes writes fail.
 *
 * @param folder where nothing is to be written
 * @param outside another folder, for what this needs itself
 */
export function writeFaults(folder: string, outside: string): WriteFaults {
  const library = join(outside, 'write-faults.so')
  const plan = join(outside, 'write-faults.plan')
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, join(import.meta.dirname, 'shim.c'), '-ldl'])
  return {
    environment: { LD_PRELOAD: library, WRITE_FAULTS_FOLDER: folder, WRITE_FAULTS_PLAN: plan },
    begin(fault) {
      // At once, so that nobody finds it empty.
      writeFileSync(`${plan}.new`, String(constants.errno[fault]))
      renameSync(`${plan}.new`, plan)
    },
    end: () => rmSync(plan, { force: true }),
  }
}
