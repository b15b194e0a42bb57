import type { KeptSecretPlace, KeptSecrets } from '../../application/index.ts'

/** Secrets in memory. */
export type TestSecrets = {
  readonly port: KeptSecrets
  /** What is kept, by purpose and id. */
  readonly kept: ReadonlyMap<string, string>
  /** Which of them expire, and when. */
  readonly expiring: ReadonlyMap<string, string>
}

/** Keeps secrets as a process of the API does, but in memory and open. */
export function testSecrets(): TestSecrets {
  const kept = new Map<string, string>()
  const expiring = new Map<string, string>()
  const keyOf = ({ purpose, id }: KeptSecretPlace) => `${purpose} ${id}`
  const port: KeptSecrets = {
    async put(place, secret, { expiresAt } = {}) {
      kept.set(keyOf(place), Buffer.from(secret).toString())
      if (expiresAt === undefined) expiring.delete(keyOf(place))
      else expiring.set(keyOf(place), expiresAt)
    },
    async get(place) {
      const text = kept.get(keyOf(place))
      return text === undefined ? undefined : Buffer.from(text)
    },
    async remove(place) {
      kept.delete(keyOf(place))
      expiring.delete(keyOf(place))
    },
  }
  return { port, kept, expiring }
}
