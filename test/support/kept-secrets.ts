import type { KeptSecretPlace, KeptSecrets } from '../../application/index.ts'

/** Secrets in memory. */
export type TestSecrets = {
  readonly port: KeptSecrets
  /** What is kept, by purpose and id. */
  readonly kept: ReadonlyMap<string, string>
}

/** Keeps secrets as a process of the API does, but in memory and open. */
export function testSecrets(): TestSecrets {
  const kept = new Map<string, string>()
  const keyOf = ({ purpose, id }: KeptSecretPlace) => `${purpose} ${id}`
  const port: KeptSecrets = {
    put: async (place, secret) => void kept.set(keyOf(place), Buffer.from(secret).toString()),
    remove: async (place) => void kept.delete(keyOf(place)),
  }
  return { port, kept }
}
