import { createPublicKey, type KeyObject } from 'node:crypto'
import { type ProcessRole, processRoles } from '../../domain/index.ts'
import { createKeyRing, type EventLog, type KeyRing } from '../../event-log/index.ts'
import { type EventKey, newEventKey, newInstallationKey, parseEventKey } from '../../server/event-keys.ts'

/** An installation with its key, which certifies keys of processes. */
export type TestInstallation = {
  /** A new key of a process with these roles; all of them by default. */
  readonly eventKey: (roles?: readonly ProcessRole[]) => EventKey
  /** What is believed: the keys that this installation certified. */
  readonly ring: (log: EventLog) => KeyRing
  readonly publicKey: KeyObject
  /** The public key, PEM. */
  readonly publicKeyPem: string
  /** A new key as the text of its file. */
  readonly eventKeyText: (roles?: readonly ProcessRole[]) => string
}

/** Makes an installation. */
export function testInstallation(): TestInstallation {
  const { privateKey, publicKeyPem } = newInstallationKey()
  const installationKey = createPublicKey(publicKeyPem)
  const eventKeyText = (roles: readonly ProcessRole[] = processRoles) =>
    // Since yesterday: tests have events that happened a while ago, also right after midnight.
    newEventKey(privateKey, roles, new Date(Date.now() - 86_400_000).toISOString())
  return {
    eventKey: (roles) => parseEventKey(eventKeyText(roles), [installationKey]),
    ring: (log) => createKeyRing(log, [installationKey]),
    publicKey: installationKey,
    publicKeyPem,
    eventKeyText,
  }
}
