import {
  certificateDecider,
  keyDecider,
  type ProjectId,
  projectDecider,
  Refusal,
  requireLasting,
  type SettingsInContext,
  type SigningPolicySettings,
  streams,
  type UserId,
  userDecider,
  usersNamed,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { Requester } from './caller.ts'
import { countAdministrators } from './change-control.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { firstActive, peopleNamed } from './principals.ts'
import { requireVerifierKeys } from './source-summaries.ts'

/**
 * A signing policy's settings with what they rest on, as the log has it now: the certificate, the people whom they name, and the
 * project's repository.
 *
 * @throws Refusal `PROJECT_NOT_FOUND`, `CERTIFICATE_NOT_FOUND`, `KEY_NOT_FOUND`, `KEY_UNDER_DELETION`, `KEY_DESTROYED`, `USER_NOT_FOUND`,
 *   `GROUP_NOT_FOUND`, `SOURCE_SUMMARY_RULE_INVALID`
 */
export async function settingsInContext(
  dependencies: Pick<ApplicationDependencies, 'log' | 'administrators'> &
    Partial<Pick<ApplicationDependencies, 'sourceSummaries'>>,
  requester: Requester,
  settings: SigningPolicySettings,
  projectId: ProjectId,
): Promise<SettingsInContext> {
  const { log } = dependencies
  requireVerifierKeys(dependencies, settings)
  const { certificateId, submitters, approval, changeControl, trustedBuildSystemRequired } = settings
  const { state: certificate } = await loadOwn(log, streams.certificate(certificateId), certificateDecider, requester)
  if (certificate.status === 'none')
    throw new Refusal('CERTIFICATE_NOT_FOUND', `There is no certificate ${certificateId}.`)
  const { state: key } = await loadOwn(log, streams.key(certificate.keyId), keyDecider, requester)
  if (key.status === 'none') throw new Refusal('KEY_NOT_FOUND', `There is no key ${certificate.keyId}.`)
  const allSubmitters = await peopleNamed(log, requester, submitters)
  requireLasting(key)
  // One more than must approve: whoever submits is one person of them at the most.
  const enough = (approval?.requiredApprovals ?? 0) + 1
  const approvers = await firstActive(log, await peopleNamed(log, requester, approval?.approvers ?? []), enough)
  const people = {
    submitters: allSubmitters,
    approvers: approvers.users,
    responsible: { ...(await responsibleFor(log, requester, usersNamed(submitters))), ...approvers.responsible },
    ...(trustedBuildSystemRequired && {
      interactiveSubmitters: await interactiveAmong(log, requester, allSubmitters),
    }),
    ...(changeControl === undefined ? {} : { administrators: await countAdministrators(dependencies, requester) }),
  }
  const { state: project } = await loadOwn(log, streams.project(projectId), projectDecider, requester)
  if (project.status === 'none') throw new Refusal('PROJECT_NOT_FOUND', `There is no project ${projectId}.`)
  const { repositoryUrl } = project
  return { settings, certificate: { ...certificate, keyAlgorithm: key.algorithm }, people, repositoryUrl }
}

async function responsibleFor(
  log: EventLog,
  requester: Requester,
  users: readonly UserId[],
): Promise<Readonly<Partial<Record<UserId, UserId>>>> {
  const responsible: Partial<Record<UserId, UserId>> = {}
  for (const userId of users) {
    const { state } = await loadOwn(log, streams.user(userId), userDecider, requester)
    if (state.status !== 'none' && state.responsible !== undefined) responsible[userId] = state.responsible
  }
  return responsible
}

async function interactiveAmong(
  log: EventLog,
  requester: Requester,
  users: readonly UserId[],
): Promise<readonly UserId[]> {
  const interactive: UserId[] = []
  for (const userId of users) {
    const { state } = await loadOwn(log, streams.user(userId), userDecider, requester)
    if (state.status !== 'none' && state.kind === 'interactive') interactive.push(userId)
  }
  return interactive
}
