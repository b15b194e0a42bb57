import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyAlgorithm } from '../domain/index.ts'
import { pkcs11Engine } from '../scripts/bootstrap/pkcs11-engine.mjs'
import { openToken, type Token } from '../signing/pkcs11/index.ts'
import { createSelfSignedCertificate, toPem } from '../signing/x509/index.ts'
import { softHsmToken } from '../test/support/softhsm.ts'
import type { JsignToken } from './jsign/jsign.ts'
import type { AuthenticodeBenchKey } from './other-signers.ts'

/** Keys in a token that is open in this process. */
export type BenchKeys = {
  readonly token: Token
  readonly keys: [AuthenticodeBenchKey, AuthenticodeBenchKey]
  readonly jsign: JsignToken
}

/**
 * Makes keys in a SoftHSM2 token that all sides of a comparison use: ours through PKCS#11, osslsigncode's through
 * OpenSSL's engine for it, jsign's through Java's provider.
 *
 * @throws Error when the engine is not installed
 */
export async function benchKeys(folder: string): Promise<BenchKeys> {
  const engine = pkcs11Engine()
  if (engine === undefined)
    throw new Error(
      "OpenSSL's PKCS#11 engine is missing; `npm run bench` gets it, where this user may install packages.",
    )
  const options = await softHsmToken(folder)
  process.env.SOFTHSM2_CONF = options.softHsmConfigPath
  const token = await openToken(options)
  const pinFile = join(folder, 'pin')
  await writeFile(pinFile, options.pin, { mode: 0o600 })

  const certificates: JsignToken['certificates'][number][] = []
  async function key(name: string, algorithm: KeyAlgorithm): Promise<AuthenticodeBenchKey> {
    const id = randomBytes(16)
    const signingKey = await token.generateKey({ id, label: name, algorithm })
    const certificate = await createSelfSignedCertificate({
      key: signingKey,
      subject: { commonName: `Bench ${name}` },
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 86_400_000),
    })
    certificates.push({ id, alias: name, certificate })
    const certificateFile = join(folder, `${name}.pem`)
    await writeFile(certificateFile, toPem(certificate))
    const uri = `pkcs11:token=${options.tokenLabel};object=${name};type=private`
    return {
      name,
      key: signingKey,
      certificateChain: [certificate],
      osslsigncodeArguments: [
        ...['-pkcs11engine', engine as string, '-pkcs11module', options.modulePath],
        ...['-certs', certificateFile, '-key', uri, '-readpass', pinFile],
      ],
    }
  }
  const keys: BenchKeys['keys'] = [await key('P-256', 'ec-p256'), await key('RSA-3072', 'rsa-3072')]
  const { modulePath, tokenLabel, pin } = options
  return { token, keys, jsign: { modulePath, tokenLabel, pin, pinFile, certificates } }
}
