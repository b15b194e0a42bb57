import {
  type ChangeProposalId,
  type ConfigurationFindings,
  type ProjectId,
  type Sha256Digest,
  streams,
} from '../domain/index.ts'
import {
  type ArtifactConfigurationHandled,
  type ArtifactConfigurationInput,
  type ArtifactConfigurationNaming,
  type ArtifactConfigurationReference,
  type ArtifactConfigurationUpdate,
  changeDefaultArtifactConfiguration,
  createArtifactConfiguration,
  type DefaultArtifactConfigurationInput,
  deactivateArtifactConfiguration,
  describeArtifactConfiguration,
  type ProposedDocument,
  reactivateArtifactConfiguration,
  readConfigurationDocument,
  readProposedDocument,
  updateArtifactConfiguration,
  validateArtifactConfiguration,
} from './artifact-configurations.ts'
import type { Requester } from './caller.ts'
import type { ProjectHandled } from './create-project.ts'
import type { ChangeCall, Guard } from './guard.ts'
import type { BasedOn } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'

/** The use cases of those who describe what is signed inside of artifacts. */
export interface ArtifactConfigurationAdministration {
  /** Creates an artifact configuration. @throws Refusal `FORBIDDEN`, `ARTIFACT_CONFIGURATION_…`, `DIRECTIVE_NOT_SUPPORTED` */
  createArtifactConfiguration(
    requester: Requester,
    input: ArtifactConfigurationInput,
  ): Promise<ArtifactConfigurationHandled>

  /** Gives an artifact configuration a new version of its text. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its creation */
  updateArtifactConfiguration(
    requester: Requester,
    input: ArtifactConfigurationUpdate,
  ): Promise<ArtifactConfigurationHandled>

  /** Gives an artifact configuration another name or description. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  describeArtifactConfiguration(
    requester: Requester,
    input: ArtifactConfigurationNaming,
  ): Promise<ArtifactConfigurationHandled>

  /** Puts an artifact configuration out of use. @throws Refusal `FORBIDDEN`, `ARTIFACT_CONFIGURATION_INACTIVE`, `CHANGE_STALE` */
  deactivateArtifactConfiguration(
    requester: Requester,
    input: BasedOn & ArtifactConfigurationReference & { readonly reason: string | null },
  ): Promise<ArtifactConfigurationHandled>

  /** Puts an artifact configuration into use again. @throws Refusal `FORBIDDEN`, `ARTIFACT_CONFIGURATION_ACTIVE`, `CHANGE_STALE` */
  reactivateArtifactConfiguration(
    requester: Requester,
    input: BasedOn & ArtifactConfigurationReference,
  ): Promise<ArtifactConfigurationHandled>

  /** Says which one submissions are planned by that name none. @throws Refusal `FORBIDDEN`, `ARTIFACT_CONFIGURATION_…`, `PROJECT_…` */
  changeDefaultArtifactConfiguration(
    requester: Requester,
    input: DefaultArtifactConfigurationInput,
  ): Promise<ProjectHandled>

  /** Says what is wrong with a text, as if it were to be saved. @throws Refusal `ARTIFACT_CONFIGURATION_TOO_LARGE` */
  validateArtifactConfiguration(requester: Requester, text: string): Promise<ConfigurationFindings>

  /** The text of a version. @throws Refusal `ARTIFACT_CONFIGURATION_NOT_FOUND` */
  readConfigurationDocument(
    requester: Requester,
    input: ArtifactConfigurationReference & { readonly documentDigest: Sha256Digest },
  ): Promise<string>

  /** The text that a proposed change gives an artifact configuration, `null` for other changes. @throws Refusal `CHANGE_PROPOSAL_NOT_FOUND` */
  readProposedDocument(
    requester: Requester,
    input: { readonly changeProposalId: ChangeProposalId },
  ): Promise<ProposedDocument | null>
}

/** Puts them together, each behind the guard. */
export function createArtifactConfigurationAdministration(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now' | 'configurationTexts'>,
  { change, guard }: { readonly change: ChangeCall; readonly guard: Guard },
): ArtifactConfigurationAdministration {
  const stream = ({ artifactConfigurationId }: ArtifactConfigurationReference) =>
    streams.artifactConfiguration(artifactConfigurationId)
  const projectStream = ({ projectId }: { readonly projectId: ProjectId }) => streams.project(projectId)
  return {
    createArtifactConfiguration: (requester, input) =>
      change('createArtifactConfiguration', requester, projectStream(input), () =>
        createArtifactConfiguration(dependencies, requester, input),
      ),
    updateArtifactConfiguration: (requester, input) =>
      change('updateArtifactConfiguration', requester, stream(input), () =>
        updateArtifactConfiguration(dependencies, requester, input),
      ),
    describeArtifactConfiguration: (requester, input) =>
      change('describeArtifactConfiguration', requester, stream(input), () =>
        describeArtifactConfiguration(dependencies, requester, input),
      ),
    deactivateArtifactConfiguration: (requester, input) =>
      change('deactivateArtifactConfiguration', requester, stream(input), () =>
        deactivateArtifactConfiguration(dependencies, requester, input),
      ),
    reactivateArtifactConfiguration: (requester, input) =>
      change('reactivateArtifactConfiguration', requester, stream(input), () =>
        reactivateArtifactConfiguration(dependencies, requester, input),
      ),
    changeDefaultArtifactConfiguration: (requester, input) =>
      change('changeDefaultArtifactConfiguration', requester, projectStream(input), () =>
        changeDefaultArtifactConfiguration(dependencies, requester, input),
      ),
    validateArtifactConfiguration: (requester, text) =>
      guard({ useCase: 'validateArtifactConfiguration', requester }, () =>
        validateArtifactConfiguration(dependencies, text),
      ),
    readConfigurationDocument: (requester, input) =>
      guard({ useCase: 'readConfigurationDocument', requester, subject: stream(input) }, () =>
        readConfigurationDocument(dependencies, requester, input),
      ),
    readProposedDocument: (requester, input) =>
      guard(
        { useCase: 'readProposedDocument', requester, subject: streams.changeProposal(input.changeProposalId) },
        () => readProposedDocument(dependencies, requester, input),
      ),
  }
}
