import type { KeyObject } from 'node:crypto'
import { type Instant, streams } from '../domain/index.ts'
import { checkAppend, groupAppends, type SignedGroup } from './check-appends.ts'
import type { EventLog, ExpectedRevision, LogPosition, RecordedEvent } from './event-log.ts'
import { type CertifiedKey, certifiedKey, type KeyRing, type KeyUse, wasValid } from './process-keys.ts'

type Revocation = { readonly position: LogPosition; readonly since: Instant; readonly append: SignedGroup }
type KnownKey = { readonly certified: readonly CertifiedKey[]; readonly revocations: readonly Revocation[] }

/**
 * Opens the keys that a log records.
 *
 * @param log as it was written, without upcasters
 * @param installationKeys Ed25519 public keys; what any of them signed is believed
 */
export function createKeyRing(log: Pick<EventLog, 'readStream'>, installationKeys: readonly KeyObject[]): KeyRing {
  return openKeyRing(log, installationKeys, new Map())
}

/** @param certifications what became of each statement: a signature that was right once stays so */
function openKeyRing(
  log: Pick<EventLog, 'readStream'>,
  installationKeys: readonly KeyObject[],
  certifications: Map<string, Promise<CertifiedKey | undefined>>,
): KeyRing {
  const ends = new Map<string, ExpectedRevision>()
  const known = new Map<string, Promise<KnownKey>>()
  /** Those of them that are read, and of which nothing revokes the key. */
  const unrevoked = new Map<string, KnownKey>()
  const believed = new Map<Revocation, Promise<boolean>>()

  function loaded(keyId: string): Promise<KnownKey> {
    const already = known.get(keyId)
    if (already !== undefined) return already
    const loading = load(keyId)
    known.set(keyId, loading)
    loading.then(
      (key) => {
        if (known.get(keyId) === loading && key.revocations.length === 0) unrevoked.set(keyId, key)
      },
      () => known.delete(keyId),
    )
    return loading
  }

  async function load(keyId: string): Promise<KnownKey> {
    const certified: CertifiedKey[] = []
    const revocations: Revocation[] = []
    const grouping = groupAppends()
    const streamId = streams.processKey(keyId)
    let last: ExpectedRevision = 'noStream'
    for await (const events of log.readStream(streamId))
      for (const event of events) {
        last = event.revision
        const { group } = grouping.add(event)
        const key = event.type === 'ProcessKeyCertified' ? await certification(event.data, keyId) : undefined
        if (key !== undefined) certified.push(key)
        if (group !== undefined) revocations.push(...revocationsOf(keyId, group))
      }
    // What was said of the key before it was read again rests on less.
    if (!ends.has(streamId)) ends.set(streamId, last)
    return { certified, revocations }
  }

  function certification(statement: RecordedEvent['data'], keyId: string): Promise<CertifiedKey | undefined> {
    const text = JSON.stringify([keyId, statement])
    const checked = certifications.get(text) ?? certifiedKey(statement, keyId, installationKeys)
    certifications.set(text, checked)
    return checked
  }

  /** Whether a process that may revoke keys wrote this, with a key that was not revoked further up in the log itself. */
  function isBelieved(revocation: Revocation): Promise<boolean> {
    const already = believed.get(revocation)
    if (already !== undefined) return already
    const checked = checkAppend(revocation.append, {
      standing: (keyId, use) => standing(keyId, use, ({ position }) => position < use.position),
    })
    const answer = Promise.resolve(checked).then((faults) => faults.length === 0)
    believed.set(revocation, answer)
    return answer
  }

  async function standing(keyId: string, use: KeyUse, counts: (revocation: Revocation) => boolean) {
    const uncertified = { fault: `The installation has not certified its key ${keyId} for this time.` }
    const isValid = (key: CertifiedKey) => wasValid(key, use.at)
    let { certified, revocations } = await loaded(keyId)
    if (!certified.some(isValid)) {
      // It may have been recorded, or certified anew, since.
      known.delete(keyId)
      unrevoked.delete(keyId)
      ;({ certified, revocations } = await loaded(keyId))
    }
    const key = certified.find(isValid)
    if (key === undefined) return uncertified
    for (const revocation of use.recordsItself ? [] : revocations)
      if (counts(revocation) && (await isBelieved(revocation)))
        return { fault: `Its key ${keyId} is revoked, for all that happened since ${revocation.since}.` }
    return { key }
  }

  return {
    standing(keyId, use) {
      const key = unrevoked.get(keyId)?.certified.find((certified) => wasValid(certified, use.at))
      if (key !== undefined) return { key }
      // A time is what the writer says, a position what the store gave: neither alone will do. A key may revoke itself.
      return standing(
        keyId,
        use,
        ({ position, since }) => position < use.position || (since <= use.at && position !== use.position),
      )
    },
    ends: () => ends,
    renewed: () => openKeyRing(log, installationKeys, certifications),
  }
}

function revocationsOf(keyId: string, append: SignedGroup): readonly Revocation[] {
  const isRevocation = ({ type, data }: RecordedEvent) =>
    type === 'ProcessKeyRevoked' && data.keyId === keyId && typeof data.since === 'string'
  return append.filter(isRevocation).map(({ position, data }) => ({ position, since: data.since as Instant, append }))
}
