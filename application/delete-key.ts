import {
  currentVersion,
  type Key,
  type KeyActor,
  type KeyId,
  keyDecider,
  organizationDecider,
  Refusal,
  signingPolicyDecider,
  streams,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { Workflows } from '../workflows/port.ts'
import type { Caller } from './caller.ts'
import { type Handled, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { peopleBehindCaller } from './principals.ts'

/** Which key is to be destroyed or kept, and why. */
export type KeyDeletionInput = { readonly keyId: KeyId; readonly reason: string | null }

/** Which key is to be destroyed, by its id and its label. */
export type KeyDeletionConfirmation = { readonly keyId: KeyId; readonly label: string }

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'certificates'>

/**
 * Asks for the destruction of a key. It signs nothing from now on, and another administrator has to confirm it.
 *
 * @throws Refusal `FORBIDDEN`, `KEY_NOT_FOUND`, `KEY_IN_USE`, `KEY_UNDER_DELETION`, `KEY_DESTROYED`, `TEXT_…`
 */
export async function requestKeyDeletion(
  dependencies: Dependencies,
  caller: Caller,
  { keyId, reason }: KeyDeletionInput,
): Promise<Handled> {
  const usedBy = await policiesUsing(dependencies, caller, await loadKey(dependencies, caller, keyId))
  const by = await actorOf(dependencies, caller)
  const command = { type: 'RequestKeyDeletion', by, reason, at: dependencies.now(), usedBy } as const
  return handleCommand(dependencies, caller, streams.key(keyId), keyDecider, command)
}

/**
 * Confirms the destruction of a key that another person asked for, and has the signer do it. That is for good.
 *
 * @throws Refusal `FORBIDDEN`, `KEY_NOT_FOUND`, `KEY_IN_USE`, `KEY_DELETION_…`, `KEY_LABEL_MISMATCH`, `KEY_UNDER_DELETION`,
 *   `KEY_DESTROYED`
 * @throws WorkflowsUnavailable when no signer answers; it is destroyed when one does
 */
export async function confirmKeyDeletion(
  dependencies: Dependencies & { readonly workflows: Pick<Workflows, 'generateKey'> },
  caller: Caller,
  { keyId, label }: KeyDeletionConfirmation,
): Promise<{ readonly position: LogPosition }> {
  const usedBy = await policiesUsing(dependencies, caller, await loadKey(dependencies, caller, keyId))
  const by = await actorOf(dependencies, caller)
  const command = { type: 'ConfirmKeyDeletion', by, label, at: dependencies.now(), usedBy } as const
  await handleCommand(dependencies, caller, streams.key(keyId), keyDecider, command)
  return dependencies.workflows.generateKey(keyId)
}

/**
 * Keeps a key after all whose destruction was asked for and not confirmed.
 *
 * @throws Refusal `FORBIDDEN`, `KEY_NOT_FOUND`, `KEY_DELETION_NOT_REQUESTED`, `KEY_UNDER_DELETION`, `KEY_DESTROYED`, `TEXT_…`
 */
export function withdrawKeyDeletion(
  dependencies: Dependencies,
  caller: Caller,
  { keyId, reason }: KeyDeletionInput,
): Promise<Handled> {
  const command = { type: 'WithdrawKeyDeletion', reason } as const
  return handleCommand(dependencies, caller, streams.key(keyId), keyDecider, command)
}

async function loadKey({ log }: Dependencies, caller: Caller, keyId: KeyId): Promise<Key> {
  const { state } = await loadOwn(log, streams.key(keyId), keyDecider, caller)
  if (state.status === 'none') throw new Refusal('KEY_NOT_FOUND', 'There is no such key.')
  return state
}

async function actorOf({ log }: Dependencies, caller: Caller): Promise<KeyActor> {
  return { userId: caller.userId, peopleBehind: await peopleBehindCaller(log, caller) }
}

/** Names of the active policies that use a key, as the log has them, and of the statements of the organization where it signs them. */
async function policiesUsing(
  { log, certificates }: Dependencies,
  caller: Caller,
  { keyId }: Key,
): Promise<readonly string[]> {
  const ids = await certificates.policiesUsingKey(caller.organizationId, keyId)
  const policies = await Promise.all(
    ids.map(async (id) => (await loadOwn(log, streams.signingPolicy(id), signingPolicyDecider, caller)).state),
  )
  const stream = streams.organization(caller.organizationId)
  const { state: organization } = await loadOwn(log, stream, organizationDecider, caller)
  const signsStatements = organization.status !== 'none' && organization.statementKeyId === keyId
  return [
    ...policies.flatMap((policy) => (policy.status === 'active' ? [currentVersion(policy).settings.name] : [])),
    ...(signsStatements ? ['the statements of the organization'] : []),
  ]
}
