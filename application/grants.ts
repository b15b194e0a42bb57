import { randomUUID } from 'node:crypto'
import {
  activeProject,
  activeSigningPolicy,
  certificateDecider,
  currentVersion,
  fold,
  type GrantCommand,
  type GrantId,
  type GrantTerms,
  grantDecider,
  grantListDecider,
  type Instant,
  isSpent,
  Refusal,
  refuseApprovalFromBuild,
  relationsToPolicy,
  requireProjectInScope,
  type SigningPolicyId,
  streams,
  usableCertificate,
} from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import { authorize } from './authorize.ts'
import type { Caller } from './caller.ts'
import type { ChangeCall } from './guard.ts'
import { type Handled, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { principalFor, stillActive } from './principals.ts'
import { findTarget } from './submission-target.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'>

/** Which requests the caller approves in advance. Whose approval it is cannot be said: it is the caller's own. */
export type GiveGrantInput = Omit<GrantTerms, 'from'> & {
  /** The project's slug or id. */
  readonly project: string
  /** The signing policy's slug (in the project) or id. */
  readonly signingPolicy: string
  /** From when on; from now on when it is left out. */
  readonly from: Instant | null
  readonly comment: string | null
}

/** Which grant is to be taken back, and why. */
export type RevokeGrantInput = { readonly grantId: GrantId; readonly reason: string | null }

/** What became of it. */
export type GrantChanged = Handled & { readonly grantId: GrantId }

/** The use cases of approvers who approve in advance. */
export interface Grants {
  /**
   * Approves requests of a signing policy in advance, in the caller's own name.
   *
   * @throws Refusal `FORBIDDEN`, `APPROVAL_FROM_BUILD`, `USER_DEACTIVATED`, `PROJECT_…`, `SIGNING_POLICY_…`, `CERTIFICATE_…`, `GRANTS_TOO_MANY`, and as the
   *   grant's decider
   */
  giveGrant(caller: Caller, input: GiveGrantInput): Promise<GrantChanged>

  /**
   * Takes a grant back, at once: its giver may, and administrators of projects.
   *
   * @throws Refusal `FORBIDDEN`, `USER_DEACTIVATED`, `GRANT_NOT_FOUND`, `GRANT_REVOKED`, `TEXT_…`
   */
  revokeGrant(caller: Caller, input: RevokeGrantInput): Promise<GrantChanged>
}

/** Puts them together, each behind the guard. */
export function createGrants(dependencies: Dependencies, change: ChangeCall): Grants {
  return {
    giveGrant: (caller, input) => change('giveGrant', caller, undefined, () => giveGrant(dependencies, caller, input)),
    revokeGrant: (caller, input) =>
      change('revokeGrant', caller, streams.grant(input.grantId), () => revokeGrant(dependencies, caller, input)),
  }
}

async function giveGrant(dependencies: Dependencies, caller: Caller, input: GiveGrantInput): Promise<GrantChanged> {
  refuseApprovalFromBuild(caller)
  const { log, now } = dependencies
  const { project, signingPolicy, from, ...terms } = input
  const target = await findTarget(dependencies, caller, { project, signingPolicy })
  activeProject(target.project)
  const policy = activeSigningPolicy(target.policy)
  const { settings } = currentVersion(policy)
  const { userId: giver, roles } = await stillActive(log, caller)
  const { groups } = await principalFor(log, caller, settings.approval?.approvers ?? [])
  authorize({ ...caller, roles }, 'giveGrant', relationsToPolicy({ userId: giver, groups }, settings))
  const { state } = await loadOwn(log, streams.certificate(settings.certificateId), certificateDecider, caller)
  const at = now()
  const { thumbprint } = usableCertificate(state, at).issued
  const grantId = randomUUID() as GrantId
  const by = { giver, groups, policy, certificateThumbprint: thumbprint, at }
  const command: GrantCommand = { type: 'GiveGrant', grantId, ...by, ...terms, from: from ?? at }
  // Refuses what is malformed before the grant is listed.
  grantDecider.decide(command, grantDecider.initialState())
  const { signingPolicyId } = policy
  const list = {
    type: 'ListGrant',
    grantId,
    until: terms.until,
    spent: await spentGrants(log, signingPolicyId, at),
  } as const
  await handleCommand(dependencies, caller, streams.policyGrants(signingPolicyId), grantListDecider, list)
  return { grantId, ...(await handleCommand(dependencies, caller, streams.grant(grantId), grantDecider, command)) }
}

/** Those of a policy's listed grants that approve nothing any more. */
async function spentGrants(log: EventLog, signingPolicyId: SigningPolicyId, at: Instant): Promise<readonly GrantId[]> {
  const { events } = await readWholeStream(log, streams.policyGrants(signingPolicyId))
  const spent: GrantId[] = []
  for (const { grantId, until } of fold(grantListDecider, events).grants) {
    const grant = fold(grantDecider, (await readWholeStream(log, streams.grant(grantId))).events)
    if (until <= at || (grant.status !== 'none' && isSpent(grant, at))) spent.push(grantId)
  }
  return spent
}

async function revokeGrant(
  dependencies: Dependencies,
  caller: Caller,
  { grantId, reason }: RevokeGrantInput,
): Promise<GrantChanged> {
  const { log } = dependencies
  const stream = streams.grant(grantId)
  const { state } = await loadOwn(log, stream, grantDecider, caller)
  if (state.status === 'none') throw new Refusal('GRANT_NOT_FOUND', 'There is no such grant.')
  requireProjectInScope(caller.scope, state.projectId)
  const { userId: revokedBy, roles } = await stillActive(log, caller)
  authorize({ ...caller, roles }, 'revokeGrant', revokedBy === state.giver ? ['self'] : [])
  const command = { type: 'RevokeGrant', revokedBy, reason } as const
  return { grantId, ...(await handleCommand(dependencies, caller, stream, grantDecider, command)) }
}
