import {
  activeSigningPolicy,
  currentVersion,
  relationsToPolicy,
  type TrustedBuildSystem,
  type TrustedBuildSystemKind,
} from '../domain/index.ts'
import { authorize } from './authorize.ts'
import type { Caller } from './caller.ts'
import type { ApplicationDependencies } from './ports.ts'
import { principalFor } from './principals.ts'
import type { SubmissionChoices } from './submission.ts'
import { findTarget, type SubmissionTarget } from './submission-target.ts'

/**
 * Project and policy of a submission for which a build system vouches by its link. Build systems are named to nobody, and asked for
 * nobody, who may not submit.
 *
 * @throws Refusal `PROJECT_NOT_FOUND`, `SIGNING_POLICY_NOT_FOUND`, `SIGNING_POLICY_INACTIVE`, `FORBIDDEN`
 */
export async function permittedTarget(
  { log }: Pick<ApplicationDependencies, 'log'>,
  caller: Caller,
  choices: Pick<SubmissionChoices, 'project' | 'signingPolicy'>,
): Promise<SubmissionTarget> {
  const target = await findTarget({ log }, caller, choices)
  const { settings } = currentVersion(activeSigningPolicy(target.policy))
  authorize(
    caller,
    'submitSigningRequest',
    relationsToPolicy(await principalFor(log, caller, settings.submitters), settings),
  )
  return target
}

/** A caller for whom a build system vouches by its link with the project, where no token of it came with the call. */
export function vouchedByLink(caller: Caller, { trustedBuildSystemId }: TrustedBuildSystem): Caller {
  return {
    ...caller,
    vouchedBy: caller.vouchedBy ?? { trustedBuildSystemId, proof: { method: 'link' }, node: null },
  }
}

/** What a connector is called in events: `github-actions`. */
export function connectorOf(kind: TrustedBuildSystemKind): string {
  return kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
