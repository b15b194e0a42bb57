import {
  activeProject,
  type Project,
  parseSlug,
  Refusal,
  streams,
  type TrustedBuildSystem,
  trustedBuildSystemDecider,
} from '../domain/index.ts'
import type { Caller } from './caller.ts'
import type { SigningRequestChanged } from './change-signing-request.ts'
import { connectorOf, permittedTarget, vouchedByLink } from './linked-submission.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import type { SubmissionChoices } from './submission.ts'
import { submitSigningRequest } from './submit-signing-request.ts'

/** A build of AppVeyor whose artifact is to be signed, as AppVeyor's web hook names it. */
export type AppVeyorSubmission = {
  readonly choices: Omit<SubmissionChoices, 'origin' | 'build'>
  /** The slug of the build system; `null`: the only one of AppVeyor that is linked with the project. */
  readonly trustedBuildSystem: string | null
  readonly build: {
    readonly accountName: string
    readonly projectSlug: string
    readonly buildVersion: string
    readonly buildId: string
    readonly buildJobId: string
  }
}

const kind = 'appVeyor'

/**
 * Submits an artifact of an AppVeyor build. AppVeyor calls with the API token of a CI user alone, so the build system that is linked
 * with the project vouches without a token: it counts by what it answers, with the link's API key. The artifact is fetched from there.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_LINKED`, `TRUSTED_BUILD_SYSTEM_AMBIGUOUS`, `SLUG_MALFORMED`; as `submitSigningRequest`
 */
export async function submitFromAppVeyor(
  dependencies: ApplicationDependencies,
  caller: Caller,
  { choices, trustedBuildSystem, build: fields }: AppVeyorSubmission,
): Promise<SigningRequestChanged> {
  const project = activeProject((await permittedTarget(dependencies, caller, choices)).project)
  const system = await findLinked(dependencies, caller, project, trustedBuildSystem)
  const { trustedBuildSystemId } = system
  return submitSigningRequest(dependencies, vouchedByLink(caller, system), {
    ...choices,
    build: { fields, secrets: {} },
    isBuildCheckedFirst: true,
    source: {
      kind: 'buildArtifact',
      trustedBuildSystemId,
      connector: connectorOf(kind),
      build: fields,
      artifact: fields.buildJobId,
    },
  })
}

/** The build system that is meant. The token of one that came with the call must be of that. */
async function findLinked(
  dependencies: Pick<ApplicationDependencies, 'log' | 'linkedBuildSystems'>,
  caller: Caller,
  project: Project,
  text: string | null,
): Promise<TrustedBuildSystem> {
  const slug = text === null ? null : parseSlug(text, "The trusted build system's slug")
  const { vouchedBy } = caller
  const isMeant = (system: TrustedBuildSystem) =>
    system.kind === kind &&
    (slug === null || system.slug === slug) &&
    (vouchedBy === undefined || vouchedBy.trustedBuildSystemId === system.trustedBuildSystemId)
  let found = (await linkedSystems(dependencies, caller, project)).filter(isMeant)
  if (found.length === 0) {
    await dependencies.linkedBuildSystems.catchUp()
    found = (await linkedSystems(dependencies, caller, project)).filter(isMeant)
  }
  // Where only such are meant, what is wrong with one that is disabled is said when it vouches.
  const enabled = found.filter(({ status }) => status === 'enabled')
  const [system, ...others] = enabled.length === 0 ? found : enabled
  if (system === undefined)
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_NOT_LINKED',
      `No trusted build system of the kind ${kind}${slug === null ? '' : ` named ${slug}`} is linked with the project ${project.slug}. A Global Administrator can link one.`,
      { kind, project: project.slug },
    )
  if (others.length > 0)
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_AMBIGUOUS',
      `Several trusted build systems of the kind ${kind} are linked with the project ${project.slug}: ${[system, ...others].map((each) => each.slug).join(', ')}. Name the one that is meant.`,
      { kind, project: project.slug },
    )
  return system
}

/** The build systems that the index names, as the log has them, and as far as they are linked with the project there. */
async function linkedSystems(
  { log, linkedBuildSystems }: Pick<ApplicationDependencies, 'log' | 'linkedBuildSystems'>,
  caller: Caller,
  { projectId }: Project,
): Promise<readonly TrustedBuildSystem[]> {
  const ids = await linkedBuildSystems.of(caller.organizationId, projectId)
  const states = await Promise.all(
    ids.map(
      async (id) => (await loadOwn(log, streams.trustedBuildSystem(id), trustedBuildSystemDecider, caller)).state,
    ),
  )
  return states.flatMap((state) => (state.status !== 'none' && state.projects.includes(projectId) ? [state] : []))
}
