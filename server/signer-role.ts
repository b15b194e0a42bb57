import type { Settings } from './configuration.ts'
import type { HealthCheck } from './health.ts'
import { configuredKeyStores } from './key-stores.ts'
import { startSigner } from './signer.ts'
import { openScratch } from './stores.ts'
import { treePlanning } from './tree-planning.ts'

/** A signer with what it needs of its own. */
export type SignerRole = {
  readonly checks: Readonly<Record<string, HealthCheck>>
  readonly close: () => Promise<void>
}

/** Starts the signer as the settings say, with a scratch folder of its own and the key stores that are configured. */
export async function startSignerRole(
  options: Omit<
    Parameters<typeof startSigner>[0],
    'scratch' | 'keyStores' | 'trees' | 'timestampUrls' | 'timestampCertificates' | 'timestampMaximumSkew'
  > & {
    readonly settings: Settings
    /** For SoftHSM2 only: its configuration file. */
    readonly softHsmConfigPath: string | undefined
  },
): Promise<SignerRole> {
  const { settings, softHsmConfigPath, logger, ...parts } = options
  const { timestampUrls, timestampCertificates, timestampMaximumSkew } = settings
  const scratch = await openScratch(settings)
  try {
    const signer = await startSigner({
      ...parts,
      scratch,
      keyStores: configuredKeyStores(settings, softHsmConfigPath),
      timestampUrls,
      timestampCertificates,
      timestampMaximumSkew,
      trees: await treePlanning(settings),
      logger: logger.child({ role: 'signer' }),
    })
    const { keyStores, problem } = signer
    const checks: Record<string, HealthCheck> = {
      async signer() {
        const wrong = problem()
        if (wrong !== undefined) throw new Error(wrong)
      },
    }
    for (const name of keyStores.names)
      checks[`keyStore:${name}`] = async () => void (await (await keyStores.open(name)).health())
    return {
      checks,
      async close() {
        await signer.close()
        await scratch.close()
      },
    }
  } catch (error) {
    await scratch.close()
    throw error
  }
}
