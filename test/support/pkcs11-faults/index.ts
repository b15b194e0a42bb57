import { execFile } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** A module in front of SoftHSM2 that fails on demand. */
export interface FaultyModule {
  readonly modulePath: string
  /**
   * Says which calls fail from now on; an empty plan lets all pass. `answer` is a CK_RV, or `corrupt`: C_Sign then flips
   * a bit, C_FindObjects finds nothing. With `hang` a call does not return before the next plan. `every` nth call of the
   * function is meant. `C_LoginContext` is the login of a key that wants the PIN for each signature.
   */
  plan(
    ...faults: readonly {
      readonly call: string
      readonly answer: number | 'corrupt' | 'hang'
      readonly every: number
    }[]
  ): Promise<void>
  /** How often a function was called since the last plan. Known for C_Login, C_LoginContext, C_Initialize, C_Finalize, C_GenerateKeyPair. */
  calls(name: string): Promise<number>
}

/** Compiles the module into `folder` and puts it in front of `realModulePath`, for this process. */
export async function faultyModule(folder: string, realModulePath: string): Promise<FaultyModule> {
  const modulePath = join(folder, 'faults.so')
  const planFile = join(folder, 'faults.plan')
  const logFile = join(folder, 'faults.log')
  const source = fileURLToPath(new URL('./shim.c', import.meta.url))
  await promisify(execFile)('cc', ['-shared', '-fPIC', '-O1', '-o', modulePath, source, '-ldl'])
  process.env.PKCS11_FAULTS_MODULE = realModulePath
  process.env.PKCS11_FAULTS_PLAN = planFile
  process.env.PKCS11_FAULTS_LOG = logFile
  return {
    modulePath,
    async plan(...faults) {
      await writeFile(logFile, '')
      // At once, so that no call finds it empty.
      await writeFile(
        `${planFile}.new`,
        faults.map(({ call, answer, every }) => `${call} ${answer} ${every}\n`).join(''),
      )
      await rename(`${planFile}.new`, planFile)
    },
    async calls(name) {
      return (await readFile(logFile, 'utf8')).split('\n').filter((line) => line === name).length
    },
  }
}
