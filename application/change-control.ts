import {
  type ChangeControl,
  organizationDecider,
  type PeopleOfAccount,
  rolesForApproval,
  sharePerson,
  streams,
  userDecider,
} from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { type BasedOn, type Handled, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { peopleBehindActor } from './principals.ts'

/** Which changes of rules are to need approvals: `null` for none. */
export type ChangeControlInput = BasedOn & { readonly changeControl: ChangeControl | null }

/**
 * Says from when on changes of rules need the approval of others. Where they do already, this is such a change itself.
 *
 * @throws Refusal `CHANGE_CONTROL_INVALID`, `CHANGE_CONTROL_UNREACHABLE`, `CHANGE_CONTROL_UNCHANGED`,
 *   `CHANGE_STALE`
 */
export async function changeChangeControl(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now' | 'administrators'>,
  requester: Requester,
  { changeControl, ...basedOn }: ChangeControlInput,
): Promise<Handled> {
  const administrators = changeControl === null ? 0 : await countAdministrators(dependencies, requester)
  const command = { type: 'ChangeChangeControl', changeControl, administrators } as const
  return handleCommand(
    dependencies,
    requester,
    streams.organization(requester.organizationId),
    organizationDecider,
    command,
    basedOn,
  )
}

/**
 * How many active people are Global Administrators and can approve changes as such: whom the index names, as far as the log
 * agrees. Accounts that the same person is behind are one.
 */
export async function countAdministrators(
  { log, administrators }: Pick<ApplicationDependencies, 'log' | 'administrators'>,
  requester: Requester,
): Promise<number> {
  await administrators.catchUp()
  const people: PeopleOfAccount[] = []
  for (const userId of await administrators.of(requester.organizationId)) {
    const { state } = await loadOwn(log, streams.user(userId), userDecider, requester)
    if (state.status !== 'active' || state.kind !== 'interactive') continue
    if (!rolesForApproval(state).includes('globalAdministrator')) continue
    const ownHand = { kind: 'system', component: 'changeControl' } as const
    const one = { approver: userId, peopleBehind: await peopleBehindActor(log, userId, ownHand) }
    if (!people.some((other) => sharePerson(one, other))) people.push(one)
  }
  return people.length
}
