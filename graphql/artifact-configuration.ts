import type { ProposedDocument, SubmissionChoices } from '../application/index.ts'
import type {
  ArtifactConfigurationId,
  ConfigurationFinding,
  ConfigurationFindings,
  ConfigurationOfRequest,
} from '../domain/index.ts'
import type { ArtifactConfigurationVersion, ArtifactConfigurationView } from '../projections/index.ts'
import { ActorRef } from './actor.ts'
import { builder } from './builder.ts'
import { EntityRef } from './entity.ts'
import { ArtifactConfigurationStatusRef } from './enums.ts'
import { uuidOrSlug } from './global-id.ts'
import { ArtifactConfigurationRef, ProjectRef } from './refs.ts'

/** A version, and whose it is. */
type VersionOf = ArtifactConfigurationVersion & { readonly artifactConfigurationId: ArtifactConfigurationId }

/** What reading a text from the artifact store costs beside fields that are read from the database. */
const documentCost = 10

const VersionRef = builder.objectRef<VersionOf>('ArtifactConfigurationVersion').implement({
  description:
    'One version of the text of an artifact configuration. A signing request keeps the one that it was submitted by.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'From 1.' }),
    madeAt: t.expose('at', { type: 'DateTime' }),
    madeBy: t.expose('by', { type: ActorRef }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why, as its author says it.' }),
    documentDigest: t.exposeString('documentDigest', { description: 'SHA-256 of the text, hexadecimal.' }),
    size: t.exposeInt('size', { description: 'Bytes of the text.' }),
    document: t.string({
      description: 'The text: XML.',
      complexity: documentCost,
      resolve: ({ artifactConfigurationId, documentDigest }, _args, { application, caller }) =>
        application.readConfigurationDocument(caller, { artifactConfigurationId, documentDigest }),
    }),
  }),
})

ArtifactConfigurationRef.implement({
  description: 'What is signed inside of an artifact, and how.',
  interfaces: [EntityRef],
  fields: (t) => ({
    artifactConfigurationId: t.exposeID('artifactConfigurationId', { description: 'UUID.' }),
    slug: t.exposeString('slug', { description: 'What tools name it by, in its project.' }),
    name: t.exposeString('name'),
    description: t.exposeString('description', { nullable: true }),
    status: t.expose('status', { type: ArtifactConfigurationStatusRef }),
    project: t.field({ type: ProjectRef, nullable: true, resolve: ({ projectId }) => projectId }),
    isDefault: t.boolean({
      description: 'Whether submissions to its project are planned by it that name none.',
      resolve: async ({ projectId, artifactConfigurationId }, _args, context) => {
        const project = await ProjectRef.getDataloader(context).load(projectId)
        return project?.defaultArtifactConfigurationId === artifactConfigurationId
      },
    }),
    current: t.field({ type: VersionRef, description: 'The version in force.', resolve: inForce }),
    versions: t.field({
      type: [VersionRef],
      description: 'Every version, the oldest first.',
      resolve: (configuration) => configuration.versions.map((version) => ofConfiguration(configuration, version)),
    }),
  }),
})

const FindingRef = builder.objectRef<ConfigurationFinding>('ConfigurationFinding').implement({
  description: 'What is wrong with the text of an artifact configuration, or may be.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable.' }),
    line: t.exposeInt('line', { description: 'From 1.' }),
    column: t.exposeInt('column', { description: 'From 1.' }),
    message: t.exposeString('message'),
  }),
})

/** What was found in a text. */
export const ConfigurationFindingsRef = builder
  .objectRef<ConfigurationFindings>('ArtifactConfigurationFindings')
  .implement({
    description: 'What was found in the text of an artifact configuration.',
    fields: (t) => ({
      isValid: t.boolean({ description: 'Whether it can be saved.', resolve: ({ errors }) => errors.length === 0 }),
      errors: t.field({
        type: [FindingRef],
        description: 'In the order of the text; the first ones where they are very many.',
        resolve: ({ errors }) => [...errors],
      }),
      warnings: t.field({
        type: [FindingRef],
        description: 'What its author may not have meant, and what nevertheless has a meaning.',
        resolve: ({ warnings }) => [...warnings],
      }),
    }),
  })

const ParameterRef = builder.objectRef<{ readonly name: string; readonly value: string }>('PlanParameter').implement({
  description: 'A value that a submission gives to its artifact configuration.',
  fields: (t) => ({ name: t.exposeString('name'), value: t.exposeString('value') }),
})

/** The artifact configuration that a request was submitted by, and its plan made by. */
export const PlannedConfigurationRef = builder.objectRef<ConfigurationOfRequest>('PlannedConfiguration').implement({
  description: 'The artifact configuration that a signing request is planned by. Later versions of it change nothing.',
  fields: (t) => ({
    artifactConfigurationId: t.exposeID('artifactConfigurationId', { description: 'UUID.' }),
    artifactConfiguration: t.field({
      type: ArtifactConfigurationRef,
      nullable: true,
      description: 'As it is now.',
      resolve: ({ artifactConfigurationId }) => artifactConfigurationId,
    }),
    version: t.exposeInt('version'),
    documentDigest: t.exposeString('documentDigest', { description: 'SHA-256 of its text, hexadecimal.' }),
    document: t.string({
      description: 'The text of this version: XML.',
      complexity: documentCost,
      resolve: ({ artifactConfigurationId, documentDigest }, _args, { application, caller }) =>
        application.readConfigurationDocument(caller, { artifactConfigurationId, documentDigest }),
    }),
    parameters: t.field({
      type: [ParameterRef],
      description: 'The values that the submission gave, by name; the text says what the others are.',
      resolve: ({ parameters }) => Object.entries(parameters).map(([name, value]) => ({ name, value })),
    }),
  }),
})

/** The text that a proposed change gives an artifact configuration. */
export const ProposedDocumentRef = builder.objectRef<ProposedDocument>('ProposedDocument').implement({
  description: 'The text that a proposed change gives an artifact configuration.',
  fields: (t) => ({
    before: t.exposeString('before', { nullable: true, description: 'That it rests on. Null for a new one.' }),
    after: t.exposeString('after'),
  }),
})

/** A value for a parameter, as a submission gives it. */
export const ParameterInput = builder.inputType('ParameterInput', {
  description: 'A value for a parameter of an artifact configuration.',
  fields: (t) => ({ name: t.string({ required: true }), value: t.string({ required: true }) }),
})

/**
 * What a submission says of artifact configurations, as use cases take it: nothing of what it does not say, since some submissions are
 * known again by all that they say. Of a parameter that is named twice the last value counts.
 */
export function askedConfiguration({
  artifactConfiguration: name,
  parameters,
}: AskedInput): Pick<SubmissionChoices, 'artifactConfiguration' | 'parameters'> {
  return {
    ...(name != null && { artifactConfiguration: uuidOrSlug(name, 'ArtifactConfiguration') }),
    ...(parameters != null && {
      parameters: Object.fromEntries(parameters.map((each) => [each.name, each.value])),
    }),
  }
}

type AskedInput = {
  readonly artifactConfiguration?: string | null | undefined
  readonly parameters?: readonly { readonly name: string; readonly value: string }[] | null | undefined
}

function inForce(configuration: ArtifactConfigurationView): VersionOf {
  const last = configuration.versions.at(-1)
  if (last === undefined) throw new Error(`The artifact configuration ${configuration.slug} has no version.`)
  return ofConfiguration(configuration, last)
}

function ofConfiguration(
  { artifactConfigurationId }: ArtifactConfigurationView,
  version: ArtifactConfigurationVersion,
): VersionOf {
  return { ...version, artifactConfigurationId }
}
