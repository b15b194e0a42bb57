import { randomUUID } from 'node:crypto'
import {
  type ArtifactConfiguration,
  type ArtifactConfigurationCommand,
  type ArtifactConfigurationId,
  type ArtifactConfigurationState,
  activeArtifactConfiguration,
  artifactConfigurationDecider,
  artifactConfigurationSlugDecider,
  artifactConfigurationSlugTaken,
  type ChangeProposalId,
  type ConfigurationDescription,
  type ConfigurationDocument,
  type ConfigurationFindings,
  changeProposalDecider,
  currentDocument,
  existingArtifactConfiguration,
  fold,
  type ProjectId,
  parseSlug,
  parseStreamName,
  projectDecider,
  Refusal,
  refuseErrors,
  refuseTooLarge,
  type Sha256Digest,
  streams,
} from '../domain/index.ts'
import { readWholeStream } from '../event-log/index.ts'
import { isSetup, type Requester } from './caller.ts'
import type { ProjectHandled } from './create-project.ts'
import { type BasedOn, type Handled, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { authorizeForProject } from './project-access.ts'
import { reserveSlugAndCreate } from './reserve-slug.ts'
import { artifactConfigurationSlugStream } from './slug-streams.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'configurationTexts'>

/** Which artifact configuration, by its id. */
export type ArtifactConfigurationReference = { readonly artifactConfigurationId: ArtifactConfigurationId }

/** What an artifact configuration is to be, and of which project. */
export type ArtifactConfigurationInput = ConfigurationDescription & {
  readonly projectId: ProjectId
  readonly slug: string
  /** XML in the language of artifact configurations. */
  readonly document: string
}

/** The text that an artifact configuration is to have from now on, made from what the requester saw. */
export type ArtifactConfigurationUpdate = ArtifactConfigurationReference & {
  readonly basedOnRevision: number
  readonly document: string
}

/** What an artifact configuration is to be called from now on. */
export type ArtifactConfigurationNaming = BasedOn & ArtifactConfigurationReference & ConfigurationDescription

/** Which artifact configuration submissions are planned by that name none; `null`: none. */
export type DefaultArtifactConfigurationInput = BasedOn & {
  readonly projectId: ProjectId
  readonly artifactConfigurationId: ArtifactConfigurationId | null
}

/** A text that is to be, and the one in whose place it would come. */
export type ProposedDocument = { readonly before: string | null; readonly after: string }

/** What became of the creation or change of an artifact configuration. */
export type ArtifactConfigurationHandled = Handled & ArtifactConfigurationReference

/**
 * Creates an artifact configuration. Two of a project never share a slug.
 *
 * @throws Refusal `FORBIDDEN`, `PROJECT_NOT_FOUND`, `ARTIFACT_CONFIGURATION_SLUG_TAKEN`, `ARTIFACT_CONFIGURATION_INVALID`,
 *   `DIRECTIVE_NOT_SUPPORTED`, and as its decider
 */
export async function createArtifactConfiguration(
  dependencies: Dependencies,
  requester: Requester,
  { projectId, document: text, ...input }: ArtifactConfigurationInput,
): Promise<ArtifactConfigurationHandled> {
  await authorizeForProject(dependencies.log, requester, 'administerArtifactConfigurations', projectId)
  const { organizationId } = requester
  const slug = parseSlug(input.slug, "The artifact configuration's slug")
  const create = (artifactConfigurationId: ArtifactConfigurationId, document: ConfigurationDocument) =>
    ({
      type: 'CreateArtifactConfiguration',
      artifactConfigurationId,
      organizationId,
      projectId,
      ...input,
      slug,
      ...document,
    }) as const
  const newId = () => randomUUID() as ArtifactConfigurationId
  const document = await checkedDocument(dependencies, text)
  // Refuses what is malformed before the slug is taken.
  artifactConfigurationDecider.decide(create(newId(), document), artifactConfigurationDecider.initialState())
  const { id: artifactConfigurationId, created } = await reserveSlugAndCreate(dependencies, requester, {
    slugStream: artifactConfigurationSlugStream(projectId, slug),
    slugDecider: artifactConfigurationSlugDecider,
    reserve: (id: ArtifactConfigurationId) =>
      ({ type: 'ReserveArtifactConfigurationSlug', projectId, slug, artifactConfigurationId: id }) as const,
    newId,
    create: (id) =>
      handleCommand(
        dependencies,
        requester,
        streams.artifactConfiguration(id),
        artifactConfigurationDecider,
        create(id, document),
      ),
    existsCode: 'ARTIFACT_CONFIGURATION_EXISTS',
    taken: () => artifactConfigurationSlugTaken(slug),
  })
  return { artifactConfigurationId, ...created }
}

/**
 * Gives an artifact configuration a new version of its text. Requests that were submitted before keep theirs. Why, is what the
 * requester gives as the reason of the change.
 *
 * @throws Refusal `FORBIDDEN`, `ARTIFACT_CONFIGURATION_NOT_FOUND`, `ARTIFACT_CONFIGURATION_INVALID`, `DIRECTIVE_NOT_SUPPORTED`,
 *   `CHANGE_STALE`, and as its decider
 */
export async function updateArtifactConfiguration(
  dependencies: Dependencies,
  requester: Requester,
  { artifactConfigurationId, basedOnRevision, document: text }: ArtifactConfigurationUpdate,
): Promise<ArtifactConfigurationHandled> {
  await administered(dependencies, requester, artifactConfigurationId)
  const document = await checkedDocument(dependencies, text)
  const reason = isSetup(requester) ? null : (requester.changeReason ?? null)
  const command = { type: 'ChangeArtifactConfiguration', ...document, reason } as const
  return send(dependencies, requester, artifactConfigurationId, command, { basedOnRevision })
}

/**
 * Gives an artifact configuration another name or description.
 *
 * @throws Refusal `FORBIDDEN`, `ARTIFACT_CONFIGURATION_NOT_FOUND`, `CHANGE_STALE`, and as its decider
 */
export async function describeArtifactConfiguration(
  dependencies: Dependencies,
  requester: Requester,
  { artifactConfigurationId, name, description, ...basedOn }: ArtifactConfigurationNaming,
): Promise<ArtifactConfigurationHandled> {
  await administered(dependencies, requester, artifactConfigurationId)
  const command = { type: 'DescribeArtifactConfiguration', name, description } as const
  return send(dependencies, requester, artifactConfigurationId, command, basedOn)
}

/**
 * Puts an artifact configuration out of use: nothing is signed by it from now on, also what is under way.
 *
 * @throws Refusal `FORBIDDEN`, `ARTIFACT_CONFIGURATION_NOT_FOUND`, `ARTIFACT_CONFIGURATION_INACTIVE`, `CHANGE_STALE`, `TEXT_…`
 */
export async function deactivateArtifactConfiguration(
  dependencies: Dependencies,
  requester: Requester,
  {
    artifactConfigurationId,
    reason,
    ...basedOn
  }: BasedOn & ArtifactConfigurationReference & { readonly reason: string | null },
): Promise<ArtifactConfigurationHandled> {
  await administered(dependencies, requester, artifactConfigurationId)
  const command = { type: 'DeactivateArtifactConfiguration', reason } as const
  return send(dependencies, requester, artifactConfigurationId, command, basedOn)
}

/**
 * Puts an artifact configuration into use again.
 *
 * @throws Refusal `FORBIDDEN`, `ARTIFACT_CONFIGURATION_NOT_FOUND`, `ARTIFACT_CONFIGURATION_ACTIVE`, `CHANGE_STALE`
 */
export async function reactivateArtifactConfiguration(
  dependencies: Dependencies,
  requester: Requester,
  { artifactConfigurationId, ...basedOn }: BasedOn & ArtifactConfigurationReference,
): Promise<ArtifactConfigurationHandled> {
  await administered(dependencies, requester, artifactConfigurationId)
  const command = { type: 'ReactivateArtifactConfiguration' } as const
  return send(dependencies, requester, artifactConfigurationId, command, basedOn)
}

/**
 * Says which artifact configuration of a project submissions are planned by that name none.
 *
 * @throws Refusal `FORBIDDEN`, `PROJECT_NOT_FOUND`, `PROJECT_UNCHANGED`, `ARTIFACT_CONFIGURATION_NOT_FOUND`,
 *   `ARTIFACT_CONFIGURATION_INACTIVE`, `CHANGE_STALE`
 */
export async function changeDefaultArtifactConfiguration(
  dependencies: Dependencies,
  requester: Requester,
  { projectId, artifactConfigurationId, ...basedOn }: DefaultArtifactConfigurationInput,
): Promise<ProjectHandled> {
  const { log } = dependencies
  const project = await authorizeForProject(log, requester, 'administerArtifactConfigurations', projectId)
  if (artifactConfigurationId !== null) {
    const configuration = await existing(dependencies, requester, artifactConfigurationId)
    if (configuration.projectId !== projectId)
      throw new Refusal(
        'ARTIFACT_CONFIGURATION_NOT_FOUND',
        `The project ${project.slug} has no artifact configuration of the id ${artifactConfigurationId}.`,
      )
    activeArtifactConfiguration(configuration)
  }
  const command = { type: 'ChangeDefaultArtifactConfiguration', artifactConfigurationId } as const
  const stream = streams.project(projectId)
  return { projectId, ...(await handleCommand(dependencies, requester, stream, projectDecider, command, basedOn)) }
}

/**
 * Says what is wrong with a text, and what may be, as if it were to be saved.
 *
 * @throws Refusal `ARTIFACT_CONFIGURATION_TOO_LARGE`
 */
export function validateArtifactConfiguration(
  { configurationTexts }: Pick<Dependencies, 'configurationTexts'>,
  text: string,
): Promise<ConfigurationFindings> {
  refuseTooLarge(Buffer.byteLength(text))
  return configurationTexts.inspect(text)
}

/**
 * The text of a version.
 *
 * @throws Refusal `ARTIFACT_CONFIGURATION_NOT_FOUND` for a document that is of no version
 */
export async function readConfigurationDocument(
  dependencies: Dependencies,
  requester: Requester,
  { artifactConfigurationId, documentDigest }: ArtifactConfigurationReference & { documentDigest: Sha256Digest },
): Promise<string> {
  const { versions } = await existing(dependencies, requester, artifactConfigurationId)
  if (versions.every((version) => version.documentDigest !== documentDigest))
    throw new Refusal(
      'ARTIFACT_CONFIGURATION_NOT_FOUND',
      `No version of the artifact configuration ${artifactConfigurationId} has the document ${documentDigest}.`,
    )
  return dependencies.configurationTexts.read(documentDigest)
}

/**
 * The text that a proposed change would give an artifact configuration, and the one that it rests on.
 *
 * @returns `null` for a change of anything else than a text; `before` is `null` where the configuration is only to be created
 * @throws Refusal `CHANGE_PROPOSAL_NOT_FOUND`
 */
export async function readProposedDocument(
  dependencies: Dependencies,
  requester: Requester,
  { changeProposalId }: { readonly changeProposalId: ChangeProposalId },
): Promise<ProposedDocument | null> {
  const { log, configurationTexts } = dependencies
  const stream = streams.changeProposal(changeProposalId)
  const { state: proposal } = await loadOwn(log, stream, changeProposalDecider, requester)
  if (proposal.status === 'none')
    throw new Refusal('CHANGE_PROPOSAL_NOT_FOUND', `There is no proposed change ${changeProposalId}.`)
  if (parseStreamName(proposal.target)?.kind !== 'artifactConfiguration') return null
  const { events } = await readWholeStream(log, proposal.target)
  const before = fold(artifactConfigurationDecider, events.slice(0, (proposal.baseRevision ?? -1) + 1))
  const after = fold(artifactConfigurationDecider, proposal.events, before)
  if (after.status === 'none' || currentDigest(after) === currentDigest(before)) return null
  const [from, to] = [currentDigest(before), currentDocument(after).documentDigest]
  return {
    before: from === null ? null : await configurationTexts.read(from),
    after: await configurationTexts.read(to),
  }
}

function currentDigest(state: ArtifactConfigurationState): Sha256Digest | null {
  return state.status === 'none' ? null : currentDocument(state).documentDigest
}

/** Keeps a text that can be used. What no event names in the end is collected. @throws Refusal */
async function checkedDocument(dependencies: Dependencies, text: string): Promise<ConfigurationDocument> {
  refuseErrors(await validateArtifactConfiguration(dependencies, text))
  return dependencies.configurationTexts.keep(text)
}

async function administered(
  dependencies: Dependencies,
  requester: Requester,
  id: ArtifactConfigurationId,
): Promise<void> {
  const { projectId } = await existing(dependencies, requester, id)
  await authorizeForProject(dependencies.log, requester, 'administerArtifactConfigurations', projectId)
}

async function existing(
  { log }: Dependencies,
  requester: Requester,
  id: ArtifactConfigurationId,
): Promise<ArtifactConfiguration> {
  const stream = streams.artifactConfiguration(id)
  return existingArtifactConfiguration((await loadOwn(log, stream, artifactConfigurationDecider, requester)).state)
}

async function send(
  dependencies: Dependencies,
  requester: Requester,
  artifactConfigurationId: ArtifactConfigurationId,
  command: ArtifactConfigurationCommand,
  basedOn: BasedOn,
): Promise<ArtifactConfigurationHandled> {
  const stream = streams.artifactConfiguration(artifactConfigurationId)
  const handled = await handleCommand(dependencies, requester, stream, artifactConfigurationDecider, command, basedOn)
  return { artifactConfigurationId, ...handled }
}
