import { readFile } from 'node:fs/promises'
import { parseCertificates } from '../signing/x509/index.ts'
import { environmentVariable, type Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'

/** Settings that name files with certificates that are trusted. */
type TrustSetting = 'timestampCertificates' | 'verificationCertificates' | 'verificationTimestampCertificates'

/**
 * The certificates in the PEM file that a setting names, DER; `undefined` when it names none.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`
 */
export async function readTrusted(
  setting: TrustSetting,
  file: Settings[TrustSetting],
): Promise<readonly Uint8Array[] | undefined> {
  if (file === undefined) return undefined
  try {
    return parseCertificates(await readFile(file)).map(({ der }) => der)
  } catch (error) {
    throw new ConfigurationError(
      'CONFIGURATION_INVALID',
      `${environmentVariable(setting)} names ${file}, which cannot be read as certificates in PEM: ${(error as Error).message}`,
      { cause: error },
    )
  }
}
