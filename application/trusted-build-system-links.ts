import {
  changedLinkSecrets,
  existingTrustedBuildSystem,
  jobSubmitterOf,
  jobSubmitterSetting,
  type LinkCommand,
  type LinkSecret,
  type LinkSettings,
  linkInvalid,
  type ProjectId,
  projectDecider,
  Refusal,
  requireLinked,
  secretMissing,
  streams,
  type TrustedBuildSystem,
  type TrustedBuildSystemId,
  trustedBuildSystemDecider,
  userDecider,
} from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { type BasedOn, handleCommand } from './handle-command.ts'
import { forgetSecrets, type KeptSecret, keepingSecrets } from './kept-secrets.ts'
import { type GivenLinkSecret, linkSecretPlace, newLinkSecrets } from './link-secrets.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { keepUntilDecided } from './proposed-secrets.ts'
import type { TrustedBuildSystemHandled } from './trusted-build-systems.ts'

/** What use cases of links need. */
export type LinkDependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'secrets' | 'checkTarget' | 'buildSystems'>

/** Which link. */
export type TrustedBuildSystemLinkReference = BasedOn & {
  readonly trustedBuildSystemId: TrustedBuildSystemId
  readonly projectId: ProjectId
}

/** Which trusted build system is to be linked to which project, and how its builds are asked about. */
export type TrustedBuildSystemLinking = TrustedBuildSystemLinkReference & {
  /** What the kind asks for; nothing secret. None by default. */
  readonly settings?: LinkSettings
  /** What else the kind asks for. None by default. */
  readonly secrets?: readonly (GivenLinkSecret & { readonly value: string })[]
}

/** What a link is to be from now on. */
export type TrustedBuildSystemLinkUpdate = TrustedBuildSystemLinkReference & {
  /** All of them, as they are to be; left out: as they are. */
  readonly settings?: LinkSettings | null
  /** Those that are to be others, or none any more; one that is not named stays. */
  readonly secrets?: readonly GivenLinkSecret[]
}

/**
 * Lets a trusted build system vouch for what is submitted to a project. What is secret about the link is kept before the log names
 * it.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `PROJECT_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_LINKED`,
 *   `TRUSTED_BUILD_SYSTEM_TOO_LARGE`, `ORIGIN_LINK_INVALID`, `ORIGIN_LINK_TOO_LARGE`, `ORIGIN_SECRET_MISSING`, `PIPELINE_POLICY_…`,
 *   `OUTGOING_…`, `CHANGE_STALE`
 */
export async function linkTrustedBuildSystem(
  dependencies: LinkDependencies,
  requester: Requester,
  { trustedBuildSystemId, projectId, settings = {}, secrets = [], ...basedOn }: TrustedBuildSystemLinking,
): Promise<TrustedBuildSystemHandled> {
  const { log, buildSystems } = dependencies
  const { state: project } = await loadOwn(log, streams.project(projectId), projectDecider, requester)
  if (project.status === 'none') throw new Refusal('PROJECT_NOT_FOUND', `There is no project ${projectId}.`)
  const { system } = await ownSystem(dependencies, requester, trustedBuildSystemId)
  const { changes, kept } = newLinkSecrets(requester.organizationId, secrets)
  const command = {
    type: 'LinkProject',
    projectId,
    settings: buildSystems.checkLink(
      system.kind,
      settings,
      secrets.map(({ name }) => name),
    ),
    secrets: changedLinkSecrets([], changes),
  } as const
  await requireSubmitter(dependencies, requester, command.settings)
  await requireCallable(dependencies, system, command.settings)
  return sendLink(dependencies, requester, system, { command, kept, basedOn })
}

/**
 * Gives a link other settings or secrets. A secret that another takes the place of is removed for good.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_NOT_LINKED`, `TRUSTED_BUILD_SYSTEM_LINK_UNCHANGED`,
 *   `TRUSTED_BUILD_SYSTEM_TOO_LARGE`, `ORIGIN_LINK_INVALID`, `ORIGIN_LINK_TOO_LARGE`, `ORIGIN_SECRET_MISSING`, `PIPELINE_POLICY_…`,
 *   `OUTGOING_…`, `CHANGE_STALE`
 */
export async function changeTrustedBuildSystemLink(
  dependencies: LinkDependencies,
  requester: Requester,
  { trustedBuildSystemId, projectId, settings, secrets = [], ...basedOn }: TrustedBuildSystemLinkUpdate,
): Promise<TrustedBuildSystemHandled> {
  const { system, revision } = await ownSystem(dependencies, requester, trustedBuildSystemId)
  const before = requireLinked(system, projectId)
  const { changes, kept } = newLinkSecrets(requester.organizationId, secrets)
  const after = changedLinkSecrets(before.secrets, changes)
  const names = after.map(({ name }) => name)
  const { checkLink, linkAddresses } = dependencies.buildSystems
  const said = checkLink(system.kind, settings ?? before.settings, names)
  const addresses = (of: LinkSettings) => linkAddresses(system.kind, of).join(' ')
  if (addresses(said) !== addresses(before.settings)) requireNewSecrets(before.secrets, after)
  const command = { type: 'ChangeLink', projectId, settings: said, secrets: changes } as const
  if (jobSubmitterOf({ settings: said }) !== jobSubmitterOf(before))
    await requireSubmitter(dependencies, requester, said)
  await requireCallable(dependencies, system, said)
  // What others made of the link meanwhile could keep a secret that these settings were not checked with.
  const basis = { basedOnRevision: basedOn.basedOnRevision ?? (settings ? revision : null) }
  const handled = await sendLink(dependencies, requester, system, { command, kept, basedOn: basis })
  if (handled.changeProposalId !== undefined) return handled
  const replaced = before.secrets.filter(({ secretId }) => after.every((each) => each.secretId !== secretId))
  await forgetSecrets(
    dependencies,
    replaced.map(({ secretId }) => linkSecretPlace(system.organizationId, secretId)),
  )
  return handled
}

/**
 * Ends a link, and removes what is secret about it: nothing of the project is signed any more that the build system vouched for
 * where a policy demands it.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_NOT_LINKED`, `CHANGE_STALE`
 */
export async function unlinkTrustedBuildSystem(
  dependencies: LinkDependencies,
  requester: Requester,
  { trustedBuildSystemId, projectId, ...basedOn }: TrustedBuildSystemLinkReference,
): Promise<TrustedBuildSystemHandled> {
  const { system } = await ownSystem(dependencies, requester, trustedBuildSystemId)
  const { secrets } = requireLinked(system, projectId)
  const command = { type: 'UnlinkProject', projectId } as const
  const handled = await sendLink(dependencies, requester, system, { command, kept: [], basedOn })
  await forgetSecrets(
    dependencies,
    secrets.map(({ secretId }) => linkSecretPlace(system.organizationId, secretId)),
  )
  return handled
}

async function ownSystem(
  { log }: LinkDependencies,
  requester: Requester,
  id: TrustedBuildSystemId,
): Promise<{ readonly system: TrustedBuildSystem; readonly revision: number }> {
  const loaded = await loadOwn(log, streams.trustedBuildSystem(id), trustedBuildSystemDecider, requester)
  return { system: existingTrustedBuildSystem(loaded.state), revision: Number(loaded.revision) }
}

/**
 * Refuses to keep a secret for a link that names another address: whoever may change links, but was never shown the secret, could
 * otherwise have it sent to themselves.
 *
 * @throws Refusal `ORIGIN_SECRET_MISSING`
 */
function requireNewSecrets(before: readonly LinkSecret[], after: readonly LinkSecret[]): void {
  const kept = after.find(({ secretId }) => before.some((each) => each.secretId === secretId))
  if (kept !== undefined)
    throw secretMissing(
      kept.name,
      'the change of the link, which names another address: the one that is there goes to no other',
    )
}

/**
 * Refuses a link whose jobs are to submit as somebody who is no CI user of the organization.
 *
 * @throws Refusal `ORIGIN_LINK_INVALID`
 */
async function requireSubmitter(
  { log }: LinkDependencies,
  requester: Requester,
  settings: LinkSettings,
): Promise<void> {
  const submitter = jobSubmitterOf({ settings })
  if (submitter === null) return
  const { state } = await loadOwn(log, streams.user(submitter), userDecider, requester)
  if (state.status === 'active' && state.kind === 'ci') return
  const field = `settings.${jobSubmitterSetting}`
  throw linkInvalid(
    [`${field}: it must be the id of a CI user of the organization who is active; people submit by themselves`],
    field,
  )
}

async function sendLink(
  dependencies: LinkDependencies,
  requester: Requester,
  system: TrustedBuildSystem,
  {
    command,
    kept,
    basedOn,
  }: { readonly command: LinkCommand; readonly kept: readonly KeptSecret[]; readonly basedOn: BasedOn },
): Promise<TrustedBuildSystemHandled> {
  const { trustedBuildSystemId } = system
  // Refuses what is wrong before anything is kept.
  trustedBuildSystemDecider.decide(command, system)
  const stream = streams.trustedBuildSystem(trustedBuildSystemId)
  const handled = await keepingSecrets(dependencies, kept, () =>
    handleCommand(dependencies, requester, stream, trustedBuildSystemDecider, command, basedOn),
  )
  if (handled.changeProposalId !== undefined) await keepUntilDecided(dependencies, handled.changeProposalId, kept)
  return { trustedBuildSystemId, ...handled }
}

/** Refuses addresses that are never called: what a link names is called again and again, with its secrets. */
async function requireCallable(
  dependencies: LinkDependencies,
  { kind }: TrustedBuildSystem,
  settings: LinkSettings,
): Promise<void> {
  for (const address of dependencies.buildSystems.linkAddresses(kind, settings)) await dependencies.checkTarget(address)
}
