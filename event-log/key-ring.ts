import type { KeyObject } from 'node:crypto'
import { type Instant, streams } from '../domain/index.ts'
import type { EventLog } from './event-log.ts'
import { type CertifiedKey, certifiedKey, wasValid } from './process-keys.ts'

/** The keys of the processes, as the log records them and the installation certified them. */
export type KeyRing = {
  /**
   * Finds the key of this id, as it was certified for a moment.
   *
   * @returns `undefined` when the log has no certification of it that an installation key signed and that holds then
   */
  find(keyId: string, at: Instant): Promise<CertifiedKey | undefined>
}

/**
 * @param log as it was written, without upcasters
 * @param installationKeys Ed25519 public keys; what any of them signed is believed
 */
export function createKeyRing(log: Pick<EventLog, 'readStream'>, installationKeys: readonly KeyObject[]): KeyRing {
  const known = new Map<string, readonly CertifiedKey[]>()

  async function load(keyId: string): Promise<readonly CertifiedKey[]> {
    const certified: CertifiedKey[] = []
    for await (const events of log.readStream(streams.processKey(keyId)))
      for (const { type, data } of events) {
        const key = type === 'ProcessKeyCertified' ? await certifiedKey(data, keyId, installationKeys) : undefined
        if (key !== undefined) certified.push(key)
      }
    return certified
  }

  return {
    async find(keyId, at) {
      const holding = (keys: readonly CertifiedKey[] = []) => keys.find((key) => wasValid(key, at))
      const found = holding(known.get(keyId))
      if (found !== undefined) return found
      // It may have been recorded, or certified anew, since.
      const loaded = await load(keyId)
      if (loaded.length > 0) known.set(keyId, loaded)
      return holding(loaded)
    },
  }
}
