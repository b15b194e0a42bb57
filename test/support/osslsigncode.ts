import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What osslsigncode found in a signed file. */
export interface OsslsigncodeVerdict {
  /** Whether it accepted the file, every signature in it and its checksum. */
  readonly ok: boolean
  /** How many signatures it accepted. */
  readonly signatures: number
  /** Everything it printed. */
  readonly output: string
}

/** Verifies a file as others would, with the given root and, for time-stamps, the authority's root (PEM files). */
export async function osslsigncodeVerify(
  path: string,
  rootFile: string,
  tsaRootFile?: string,
): Promise<OsslsigncodeVerdict> {
  const trust = ['-CAfile', rootFile, ...(tsaRootFile === undefined ? [] : ['-TSA-CAfile', tsaRootFile])]
  const { output, failed } = await run('osslsigncode', ['verify', ...trust, '-in', path]).then(
    ({ stdout }) => ({ output: stdout, failed: false }),
    ({ stdout }: { stdout: string }) => ({ output: stdout, failed: true }),
  )
  const verdicts = output.match(/^Signature verification: .*$/gm) ?? []
  // A wrong checksum is printed beside the right one, and the verdict stays "ok".
  const checksumWrong = /Calculated PE checksum|mismatch/i.test(output)
  return {
    ok: !failed && !checksumWrong && verdicts.length > 0 && verdicts.every((verdict) => verdict.endsWith(': ok')),
    signatures: verdicts.filter((verdict) => verdict.endsWith(': ok')).length,
    output,
  }
}

/** Signs a file with osslsigncode, with more of its arguments where a test needs them. */
export async function osslsigncodeSign(
  identity: { readonly chainFile: string; readonly keyFile: string },
  input: string,
  output: string,
  ...more: readonly string[]
): Promise<void> {
  await run('osslsigncode', [
    ...['sign', '-certs', identity.chainFile, '-key', identity.keyFile],
    ...more,
    ...['-in', input, '-out', output],
  ])
}
