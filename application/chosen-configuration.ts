import {
  type ArtifactConfiguration,
  type ArtifactConfigurationId,
  activeArtifactConfiguration,
  artifactConfigurationDecider,
  artifactConfigurationSlugDecider,
  asId,
  asSlug,
  type ConfigurationOfRequest,
  type ConfigurationParameters,
  checkedParameters,
  currentDocument,
  type EarlierRequests,
  existingArtifactConfiguration,
  type Project,
  Refusal,
  streams,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { load } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { artifactConfigurationSlugStream } from './slug-streams.ts'
import type { SubmissionChoices } from './submission.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'configurationTexts'>

/** What a submission says of artifact configurations. */
export type AskedConfiguration = Pick<SubmissionChoices, 'artifactConfiguration' | 'parameters'>

/**
 * The artifact configuration that a submission is planned by: the one that it names, in the version that is in force; without a name
 * that of the earlier request whose artifact is taken again, in the version that it had; or else the project's default. `null` where
 * there is none: then what is signed follows from the artifact.
 *
 * @param earlier what a resubmission goes back to
 * @throws Refusal `ARTIFACT_CONFIGURATION_NOT_FOUND`, `ARTIFACT_CONFIGURATION_INACTIVE`, `PARAMETER_INVALID`, `PARAMETER_UNKNOWN`,
 *   `PARAMETER_MISSING`
 */
export async function chosenConfiguration(
  dependencies: Dependencies,
  project: Project,
  asked: AskedConfiguration,
  earlier?: Pick<EarlierRequests, 'original'>,
): Promise<ConfigurationOfRequest | null> {
  const { log, configurationTexts } = dependencies
  const { artifactConfiguration: name = null, parameters: given = null } = asked
  const kept = name === null ? earlier?.original.request.artifactConfiguration : undefined
  const configuration = kept
    ? await loadConfiguration(log, kept.artifactConfigurationId)
    : await namedOrDefault(log, project, name, earlier !== undefined)
  const parameters = checkedParameters(given ?? kept?.parameters ?? {})
  if (configuration === undefined) {
    refuseParameters(parameters)
    return null
  }
  const { artifactConfigurationId } = activeArtifactConfiguration(configuration)
  const { version, documentDigest } = kept ?? currentDocument(configuration)
  await configurationTexts.checkParameters(documentDigest, parameters)
  return { artifactConfigurationId, version, documentDigest, parameters }
}

/**
 * A request for hashes has no artifact that something could be signed in: the project's default is for others.
 *
 * @throws Refusal `ARTIFACT_CONFIGURATION_WITH_HASHES` where one is named, `PARAMETER_UNKNOWN`
 */
export function refuseConfiguration({ artifactConfiguration: name = null, parameters }: AskedConfiguration): void {
  if (name !== null)
    throw new Refusal(
      'ARTIFACT_CONFIGURATION_WITH_HASHES',
      'A request for signatures of hashes has no artifact that an artifact configuration could describe. Leave it out.',
    )
  refuseParameters(parameters ?? {})
}

/**
 * Finds an artifact configuration of a project, by its slug or id.
 *
 * @throws Refusal `ARTIFACT_CONFIGURATION_NOT_FOUND`
 */
export async function findArtifactConfiguration(
  log: EventLog,
  project: Project,
  name: string,
): Promise<ArtifactConfiguration> {
  const slug = asSlug(name)
  const slugStream = slug && artifactConfigurationSlugStream(project.projectId, slug)
  const holder = slugStream && (await load(log, slugStream, artifactConfigurationSlugDecider)).state.holder
  for (const id of [holder, asId<ArtifactConfigurationId>(name)]) {
    const state = id && (await load(log, streams.artifactConfiguration(id), artifactConfigurationDecider)).state
    if (state && state.status !== 'none' && state.projectId === project.projectId) return state
  }
  throw new Refusal(
    'ARTIFACT_CONFIGURATION_NOT_FOUND',
    `The project ${project.slug} has no artifact configuration ${JSON.stringify(name.slice(0, 100))}. Name one by its slug or id, as \`countersign artifact-configuration list\` shows them.`,
  )
}

async function namedOrDefault(
  log: EventLog,
  project: Project,
  name: string | null,
  isResubmission: boolean,
): Promise<ArtifactConfiguration | undefined> {
  if (name !== null) return findArtifactConfiguration(log, project, name)
  const { defaultArtifactConfigurationId: id } = project
  return id === undefined || isResubmission ? undefined : loadConfiguration(log, id)
}

async function loadConfiguration(log: EventLog, id: ArtifactConfigurationId): Promise<ArtifactConfiguration> {
  return existingArtifactConfiguration(
    (await load(log, streams.artifactConfiguration(id), artifactConfigurationDecider)).state,
  )
}

function refuseParameters(parameters: ConfigurationParameters): void {
  const [name] = Object.keys(parameters)
  if (name !== undefined)
    throw new Refusal(
      'PARAMETER_UNKNOWN',
      `Nothing takes a parameter ${JSON.stringify(name.slice(0, 100))}: the request has no artifact configuration. Name one, or leave the parameter out.`,
      { field: `parameters.${name.slice(0, 100)}` },
    )
}
