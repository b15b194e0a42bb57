import { randomUUID } from 'node:crypto'
import type { ApplicationDependencies } from '../../../application/index.ts'
import { registerProxyKey } from '../../../application/proxy-keys.ts'
import type { Setup } from '../../../application/setup.ts'
import { createTrustedBuildSystem } from '../../../application/trusted-build-systems.ts'
import { newStatementSigner } from '../proxy-statements.ts'

/** Keys of proxies that an operation is asked about. */
export type ProxyKeyThings = {
  /** A key that is not registered with the build system yet. */
  readonly newProxyKey: () => Promise<{ readonly trustedBuildSystemId: string; readonly publicKey: string }>
  /** One that is. */
  readonly proxyKey: () => Promise<{ readonly trustedBuildSystemId: string; readonly keyId: string }>
}

/** Makes them, each with a build system of its own. */
export function proxyKeyThings(dependencies: ApplicationDependencies, setup: Setup): ProxyKeyThings {
  const made = async () => {
    const facts = { slug: `n-${randomUUID()}`, name: 'Nodes', description: null, kind: 'authenticationProxy' } as const
    const { trustedBuildSystemId } = await createTrustedBuildSystem(dependencies, setup, facts)
    return { trustedBuildSystemId, publicKey: newStatementSigner().key.publicKey }
  }
  return {
    newProxyKey: made,
    async proxyKey() {
      const key = await made()
      const { keyId } = await registerProxyKey(dependencies, setup, key)
      return { trustedBuildSystemId: key.trustedBuildSystemId, keyId }
    },
  }
}

/** Ids in the form of each that nothing has. */
export const nobodysProxyKeys: ProxyKeyThings = {
  newProxyKey: async () => ({ trustedBuildSystemId: randomUUID(), publicKey: newStatementSigner().key.publicKey }),
  proxyKey: async () => ({ trustedBuildSystemId: randomUUID(), keyId: 'a'.repeat(64) }),
}
