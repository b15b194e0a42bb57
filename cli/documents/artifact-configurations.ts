import { typedDocument } from '../connection/graphql.ts'
import type { NamedUser } from './request-fields.ts'
import type { Connected } from './requests.ts'

/** One version of the text of an artifact configuration. */
export type ConfigurationVersion = {
  readonly version: number
  readonly madeAt: string
  readonly madeBy: { readonly kind: string; readonly user: NamedUser; readonly component: string | null }
  readonly reason: string | null
  readonly documentDigest: string
  readonly size: number
}

/** An artifact configuration in a list. */
export type ConfigurationSummary = {
  readonly artifactConfigurationId: string
  readonly slug: string
  readonly name: string
  readonly status: string
  readonly isDefault: boolean
  readonly project: { readonly projectId: string; readonly slug: string } | null
  readonly current: Pick<ConfigurationVersion, 'version' | 'madeAt'>
}

/** Everything about an artifact configuration but its texts. */
export type ConfigurationDetails = Omit<ConfigurationSummary, 'current'> & {
  readonly description: string | null
  readonly revision: number
  readonly current: ConfigurationVersion
  readonly versions: readonly ConfigurationVersion[]
}

/** What is wrong with a text, or may be, and where. */
export type ConfigurationFinding = {
  readonly code: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** What was found in a text. */
export type ConfigurationFindings = {
  readonly isValid: boolean
  readonly errors: readonly ConfigurationFinding[]
  readonly warnings: readonly ConfigurationFinding[]
}

/** A change of an artifact configuration that is in the log, or was proposed. */
export type ConfigurationChange = {
  readonly artifactConfigurationId: string
  readonly position: string
  readonly changeProposalId: string | null
}

const versionFields = 'version madeAt madeBy { kind component user { userId name } } reason documentDigest size'
const changeFields = 'artifactConfigurationId position changeProposalId'

/** Artifact configurations, by slug. */
export const listConfigurations = typedDocument<
  { readonly artifactConfigurations: Connected<ConfigurationSummary> },
  { readonly project: string | null; readonly first: number; readonly after: string | null }
>(`query ListArtifactConfigurations($project: String, $first: Int, $after: String) {
  artifactConfigurations(project: $project, first: $first, after: $after) {
    nodes { artifactConfigurationId slug name status isDefault project { projectId slug } current { version madeAt } }
    pageInfo { hasNextPage endCursor }
  }
}`)

/** The artifact configurations of a project. */
export const configurationsOfProject = typedDocument<
  { readonly project: { readonly artifactConfigurations: readonly ConfigurationDetails[] } | null },
  { readonly id: string }
>(`query ArtifactConfigurationsOfProject($id: ID!) {
  project(id: $id) {
    artifactConfigurations {
      artifactConfigurationId slug name description status isDefault revision project { projectId slug }
      current { ${versionFields} } versions { ${versionFields} }
    }
  }
}`)

/** The texts of an artifact configuration. */
export const configurationTexts = typedDocument<
  {
    readonly artifactConfiguration: {
      readonly versions: readonly { readonly version: number; readonly document: string }[]
    } | null
  },
  { readonly id: string }
>(`query ArtifactConfigurationTexts($id: ID!) {
  artifactConfiguration(id: $id) { versions { version document } }
}`)

/** Says what is wrong with a text. */
export const validateConfiguration = typedDocument<
  { readonly validateArtifactConfiguration: ConfigurationFindings },
  { readonly document: string }
>(`query ValidateArtifactConfiguration($document: String!) {
  validateArtifactConfiguration(document: $document) {
    isValid errors { code line column message } warnings { code line column message }
  }
}`)

/** Creates an artifact configuration. */
export const createConfiguration = typedDocument<
  { readonly createArtifactConfiguration: ConfigurationChange },
  {
    readonly input: {
      readonly projectId: string
      readonly slug: string
      readonly name: string
      readonly description: string | null
      readonly document: string
    }
  }
>(`mutation CreateArtifactConfiguration($input: CreateArtifactConfigurationInput!, $changeReason: String) {
  createArtifactConfiguration(input: $input, changeReason: $changeReason) { ${changeFields} }
}`)

/** Gives an artifact configuration a new version of its text. */
export const updateConfiguration = typedDocument<
  { readonly updateArtifactConfiguration: ConfigurationChange },
  {
    readonly input: {
      readonly artifactConfigurationId: string
      readonly basedOnRevision: number
      readonly document: string
    }
  }
>(`mutation UpdateArtifactConfiguration($input: UpdateArtifactConfigurationInput!, $changeReason: String) {
  updateArtifactConfiguration(input: $input, changeReason: $changeReason) { ${changeFields} }
}`)

/** Gives an artifact configuration another name or description. */
export const describeConfiguration = typedDocument<
  { readonly describeArtifactConfiguration: ConfigurationChange },
  {
    readonly input: {
      readonly artifactConfigurationId: string
      readonly basedOnRevision: number
      readonly name: string
      readonly description: string | null
    }
  }
>(`mutation DescribeArtifactConfiguration($input: DescribeArtifactConfigurationInput!) {
  describeArtifactConfiguration(input: $input) { ${changeFields} }
}`)

/** Puts an artifact configuration out of use. */
export const deactivateConfiguration = typedDocument<
  { readonly deactivateArtifactConfiguration: ConfigurationChange },
  {
    readonly input: {
      readonly artifactConfigurationId: string
      readonly basedOnRevision: number
      readonly reason: string | null
    }
  }
>(`mutation DeactivateArtifactConfiguration($input: DeactivateArtifactConfigurationInput!) {
  deactivateArtifactConfiguration(input: $input) { ${changeFields} }
}`)

/** Puts an artifact configuration into use again. */
export const reactivateConfiguration = typedDocument<
  { readonly reactivateArtifactConfiguration: ConfigurationChange },
  { readonly input: { readonly artifactConfigurationId: string; readonly basedOnRevision: number } }
>(`mutation ReactivateArtifactConfiguration($input: ReactivateArtifactConfigurationInput!, $changeReason: String) {
  reactivateArtifactConfiguration(input: $input, changeReason: $changeReason) { ${changeFields} }
}`)

/** Says by which artifact configuration submissions are planned that name none. */
export const changeDefaultConfiguration = typedDocument<
  {
    readonly changeDefaultArtifactConfiguration: {
      readonly projectId: string
      readonly position: string
      readonly changeProposalId: string | null
    }
  },
  { readonly input: { readonly projectId: string; readonly artifactConfigurationId: string | null } }
>(`mutation ChangeDefaultArtifactConfiguration($input: ChangeDefaultArtifactConfigurationInput!, $changeReason: String) {
  changeDefaultArtifactConfiguration(input: $input, changeReason: $changeReason) { projectId position changeProposalId }
}`)
