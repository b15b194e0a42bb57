import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { peVerifier } from '../../signing/authenticode/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import type { ForeignVerdict } from '../../signing/foreign-verifier.ts'
import { SigningError } from '../../signing/signing-error.ts'

/** What the system trusts; osslsigncode's own default. */
const bundle = '/etc/ssl/certs/ca-certificates.crt'

/** Judges the signatures of published programs, here and by osslsigncode, which both trust what the system does. */
export async function judgeSigned(
  paths: readonly string[],
): Promise<{ readonly accepted: number; readonly differing: ReadonlyMap<string, string> }> {
  const pem = (await readFile(bundle, 'utf8')).match(/-----BEGIN [^-]*-----[^-]*-----END [^-]*-----/g) ?? []
  const trust = { trustedCertificates: pem.map((each) => new X509Certificate(each).raw), at: new Date() }
  const passes = new FilePasses(1)
  const differing = new Map<string, string>()
  let accepted = 0
  for (const path of paths) {
    const handle = await open(path)
    const { size } = await handle.stat()
    const own = await peVerifier.verify({ handle, size, name: 'program.exe' }, trust, { passes }).catch(unreadable)
    await handle.close()
    if (own.isAccepted) accepted += 1
    const other = await osslsigncodeAccepts(path)
    if (own.isAccepted !== other)
      differing.set(
        path,
        `osslsigncode ${other ? 'accepts' : 'refuses'} it: ${JSON.stringify(own.signatures.map(({ reason }) => reason))}`,
      )
  }
  return { accepted, differing }
}

/** A program that is not read as one has no signature that is accepted. */
function unreadable(
  error: unknown,
): Pick<ForeignVerdict, 'isAccepted'> & { readonly signatures: readonly { readonly reason: string }[] } {
  if (!(error instanceof SigningError)) throw error
  return { isAccepted: false, signatures: [{ reason: error.message }] }
}

/** Without lists of revoked certificates, which it would get from the network. */
async function osslsigncodeAccepts(path: string): Promise<boolean> {
  const trust = ['-CAfile', bundle, '-TSA-CAfile', bundle]
  const output = await promisify(execFile)('osslsigncode', ['verify', '-ignore-crl', ...trust, '-in', path]).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  )
  const verdicts = output.match(/^Signature verification: .*$/gm) ?? []
  return verdicts.length > 0 && verdicts.every((verdict) => verdict.endsWith(': ok'))
}
