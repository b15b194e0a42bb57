import { type KeyId, keyDecider, organizationDecider, streams, usableKey } from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { type BasedOn, type Handled, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

/** What is to sign where something comes from: a key of the organization; `null`: the key of the policy's certificate. */
export type StatementKeyInput = BasedOn & { readonly keyId: KeyId | null }

/**
 * Says which key signs where something comes from. It is one that can sign now, of a certificate or of none that is in use: what
 * it signs is no program.
 *
 * @throws Refusal `FORBIDDEN`, `KEY_NOT_FOUND`, `KEY_NOT_READY`, `KEY_DISABLED`, `KEY_UNDER_DELETION`, `KEY_DESTROYED`, `CHANGE_STALE`,
 *   `STATEMENT_KEY_UNCHANGED`
 */
export async function changeStatementKey(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  requester: Requester,
  { keyId, ...basedOn }: StatementKeyInput,
): Promise<Handled> {
  if (keyId !== null)
    usableKey((await loadOwn(dependencies.log, streams.key(keyId), keyDecider, requester)).state, 'statements')
  const stream = streams.organization(requester.organizationId)
  const command = { type: 'ChangeStatementKey', keyId } as const
  return handleCommand(dependencies, requester, stream, organizationDecider, command, basedOn)
}
