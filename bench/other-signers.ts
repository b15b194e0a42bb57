import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { unlink } from 'node:fs/promises'
import type { SigningKey } from '../signing/signing-key.ts'
import type { Jsign } from './jsign/jsign.ts'

/** A key, and how osslsigncode reaches the same one. */
export interface AuthenticodeBenchKey {
  /** Such as `P-256` or `RSA-3072`. */
  readonly name: string
  readonly key: SigningKey
  /** DER certificates, leaf first. */
  readonly certificateChain: readonly Uint8Array[]
  /**
   * What `osslsigncode sign` needs for the same signature: `-certs FILE` and either `-key FILE`, or `-pkcs11engine FILE
   * -pkcs11module FILE -key URI -readpass FILE`.
   */
  readonly osslsigncodeArguments: readonly string[]
}

/** Signs by a spawned osslsigncode. */
export async function signByOsslsigncode(input: string, output: string, key: AuthenticodeBenchKey): Promise<void> {
  await remove(output)
  await run('osslsigncode', ['sign', ...key.osslsigncodeArguments, '-h', 'sha256', '-in', input, '-out', output])
}

/** Signs by jsign, in a virtual machine that is warm. */
export async function signByJsign(
  jsign: Jsign,
  input: string,
  output: string,
  key: AuthenticodeBenchKey,
): Promise<void> {
  await remove(output)
  await jsign.sign(key.name, input, output)
}

/** Removes a file that may not be there, by one call to the system: it is done while the clock runs. */
export async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

/**
 * Runs a program to its end. SoftHSM2 used by two processes at once now and then does not find its token: then it is tried
 * again, four times.
 */
export async function run(command: string, args: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const child = spawn(command, args, { stdio: 'ignore' })
    const [status] = await once(child, 'exit')
    if (status === 0) return
    if (attempt === 5) throw new Error(`${command} ${args[0]} ended with status ${status}`)
  }
}
