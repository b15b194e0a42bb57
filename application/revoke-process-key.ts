import { type Instant, processKeyDecider, streams } from '../domain/index.ts'
import { handleCommand } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'
import type { Setup } from './setup.ts'

/**
 * Revokes the event key of a process, in the name of whoever operates the installation.
 *
 * @param operator for the organization of what belongs to none: keys are of processes
 * @param input.since from when on nothing is believed: earlier than the present when the key was stolen then; `null`: now
 * @throws Refusal `EVENT_KEY_NOT_FOUND`, `EVENT_KEY_REVOKED`, `EVENT_KEY_REVOCATION_AHEAD`, `TEXT_…`
 */
export async function revokeProcessKey(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  operator: Setup,
  input: { readonly keyId: string; readonly since: Instant | null; readonly reason: string | null },
): Promise<{ readonly keyId: string; readonly since: Instant }> {
  const at = dependencies.now()
  const { keyId, reason, since } = input
  const command = { type: 'RevokeProcessKey', keyId, reason, since: since ?? at, at } as const
  await handleCommand(dependencies, operator, streams.processKey(keyId), processKeyDecider, command)
  return { keyId, since: command.since }
}
