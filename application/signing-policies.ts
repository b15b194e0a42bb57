import {
  currentVersion,
  Refusal,
  type SigningPolicyCommand,
  type SigningPolicyId,
  type SigningPolicySettings,
  signingPolicyDecider,
  streams,
} from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { loadCertificate } from './certificates.ts'
import type { SigningPolicyHandled } from './create-signing-policy.ts'
import { type BasedOn, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { settingsInContext } from './settings-in-context.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'administrators'> &
  Partial<Pick<ApplicationDependencies, 'sourceSummaries'>>

/** What a signing policy is to demand from now on: all of it, made from what the requester saw. */
export type SigningPolicyUpdate = {
  readonly signingPolicyId: SigningPolicyId
  readonly basedOnRevision: number
  readonly settings: SigningPolicySettings
}

/** Which signing policy is to be put out of use, and why. */
export type SigningPolicyDeactivation = BasedOn & {
  readonly signingPolicyId: SigningPolicyId
  readonly reason: string | null
}

/** Which signing policy is to be put into use again. */
export type SigningPolicyReactivation = BasedOn & { readonly signingPolicyId: SigningPolicyId }

/**
 * Gives a signing policy a new version of its settings. Requests that were submitted before keep theirs.
 *
 * @throws Refusal `SIGNING_POLICY_NOT_FOUND`, `CERTIFICATE_NOT_FOUND`, `KEY_NOT_FOUND`, `USER_NOT_FOUND`,
 *   `GROUP_NOT_FOUND`, `CHANGE_STALE`, and as the signing policy's decider
 */
export async function updateSigningPolicy(
  dependencies: Dependencies,
  requester: Requester,
  { signingPolicyId, basedOnRevision, settings }: SigningPolicyUpdate,
): Promise<SigningPolicyHandled> {
  const policy = await existing(dependencies, requester, signingPolicyId)
  const before = currentVersion(policy).settings.certificateId
  const replaced = before === settings.certificateId ? null : await loadCertificate(dependencies.log, requester, before)
  const inContext = await settingsInContext(dependencies, requester, settings, policy.projectId)
  return send(
    dependencies,
    requester,
    signingPolicyId,
    { type: 'ChangeSigningPolicy', replaced, ...inContext },
    { basedOnRevision },
  )
}

/**
 * Puts a signing policy out of use: nothing is signed by it from now on, also what is under way.
 *
 * @throws Refusal `SIGNING_POLICY_NOT_FOUND`, `SIGNING_POLICY_INACTIVE`, `CHANGE_STALE`, `TEXT_…`
 */
export function deactivateSigningPolicy(
  dependencies: Dependencies,
  requester: Requester,
  { signingPolicyId, reason, ...basedOn }: SigningPolicyDeactivation,
): Promise<SigningPolicyHandled> {
  return send(dependencies, requester, signingPolicyId, { type: 'DeactivateSigningPolicy', reason }, basedOn)
}

/**
 * Puts a signing policy into use again, when it demands what its certificate wants now, and those who are to approve can.
 *
 * @throws Refusal `SIGNING_POLICY_NOT_FOUND`, `SIGNING_POLICY_ACTIVE`, `CHANGE_STALE`, and as the signing policy's decider
 */
export async function reactivateSigningPolicy(
  dependencies: Dependencies,
  requester: Requester,
  { signingPolicyId, ...basedOn }: SigningPolicyReactivation,
): Promise<SigningPolicyHandled> {
  const policy = await existing(dependencies, requester, signingPolicyId)
  const { settings } = currentVersion(policy)
  const { settings: _, ...context } = await settingsInContext(dependencies, requester, settings, policy.projectId)
  const command = { type: 'ReactivateSigningPolicy', ...context } as const
  return send(dependencies, requester, signingPolicyId, command, basedOn)
}

async function existing({ log }: Dependencies, requester: Requester, signingPolicyId: SigningPolicyId) {
  const { state } = await loadOwn(log, streams.signingPolicy(signingPolicyId), signingPolicyDecider, requester)
  if (state.status === 'none') throw new Refusal('SIGNING_POLICY_NOT_FOUND', 'There is no such signing policy.')
  return state
}

async function send(
  dependencies: Dependencies,
  requester: Requester,
  signingPolicyId: SigningPolicyId,
  command: SigningPolicyCommand,
  basedOn: BasedOn,
): Promise<SigningPolicyHandled> {
  const stream = streams.signingPolicy(signingPolicyId)
  const handled = await handleCommand(dependencies, requester, stream, signingPolicyDecider, command, basedOn)
  return { signingPolicyId, ...handled }
}
