import { usualArchiveLimits } from '../archives/index.ts'
import type { TreePlanning } from '../artifacts/index.ts'
import { detachedSignatures } from '../signing/detached-signatures.ts'
import { foreignVerifiers } from '../signing/foreign-verifiers.ts'
import type { Settings } from './configuration.ts'
import { readTrusted } from './trusted-certificates.ts'

/** The settings of what is done with what is in artifacts. */
export type TreeSettings = Pick<
  Settings,
  | 'containerDepth'
  | 'containerEntries'
  | 'containerSize'
  | 'containerRatio'
  | 'containerRatioFreeSize'
  | 'verificationCertificates'
  | 'verificationTimestampCertificates'
>

/**
 * What is done with what is in artifacts: within the limits of the settings, and with the trust that they name.
 *
 * @throws ConfigurationError `CONFIGURATION_INVALID`
 */
export async function treePlanning(settings: TreeSettings): Promise<TreePlanning> {
  const { verificationCertificates, verificationTimestampCertificates } = settings
  const trustedCertificates = (await readTrusted('verificationCertificates', verificationCertificates)) ?? []
  const authorities = await readTrusted('verificationTimestampCertificates', verificationTimestampCertificates)
  return {
    detached: detachedSignatures,
    verifiers: foreignVerifiers,
    trust: {
      trustedCertificates,
      ...(authorities !== undefined && { trustedTimestampCertificates: authorities }),
    },
    limits: {
      ...usualArchiveLimits,
      depth: settings.containerDepth,
      entries: settings.containerEntries,
      totalSize: settings.containerSize,
      ratio: settings.containerRatio,
      ratioFreeSize: settings.containerRatioFreeSize,
    },
  }
}
