import {
  certificateDecider,
  keyDecider,
  Refusal,
  type SettingsInContext,
  type SigningPolicySettings,
  streams,
} from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { countAdministrators } from './change-control.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { firstActive, peopleNamed } from './principals.ts'

/**
 * A signing policy's settings with what they rest on, as the log has it now: the certificate, and the people whom they
 * name.
 *
 * @throws Refusal `CERTIFICATE_NOT_FOUND`, `KEY_NOT_FOUND`, `USER_NOT_FOUND`, `GROUP_NOT_FOUND`
 */
export async function settingsInContext(
  dependencies: Pick<ApplicationDependencies, 'log' | 'administrators'>,
  requester: Requester,
  settings: SigningPolicySettings,
): Promise<SettingsInContext> {
  const { log } = dependencies
  const { certificateId, submitters, approval, changeControl } = settings
  const { state: certificate } = await loadOwn(log, streams.certificate(certificateId), certificateDecider, requester)
  if (certificate.status === 'none')
    throw new Refusal('CERTIFICATE_NOT_FOUND', `There is no certificate ${certificateId}.`)
  const { state: key } = await loadOwn(log, streams.key(certificate.keyId), keyDecider, requester)
  if (key.status === 'none') throw new Refusal('KEY_NOT_FOUND', `There is no key ${certificate.keyId}.`)
  const people = {
    submitters: await peopleNamed(log, requester, submitters),
    approvers: await firstActive(
      log,
      await peopleNamed(log, requester, approval?.approvers ?? []),
      (approval?.requiredApprovals ?? 0) + 1,
    ),
    ...(changeControl === undefined ? {} : { administrators: await countAdministrators(dependencies, requester) }),
  }
  return { settings, certificate: { ...certificate, keyAlgorithm: key.algorithm }, people }
}
