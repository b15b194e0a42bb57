import { z } from 'zod'
import { type Application, type Caller, permissionsOfUseCases } from '../../application/index.ts'
import { type ArtifactConfigurationId, type ConfigurationFinding, type ProjectId, Refusal } from '../../domain/index.ts'
import type { ArtifactConfigurationVersion, ArtifactConfigurationView } from '../../projections/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { basedOn, basedOnRequired, change, idSchema, reasoned } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'
import { madeShape, makingOf, pageOfVersions, versionsQuery } from './versions.ts'

const tag = 'Artifact configurations'
const permission = 'readOrganization'
const path = '/ArtifactConfigurations/{artifactConfigurationId}'
const parameters = z.object({ artifactConfigurationId: idSchema<ArtifactConfigurationId>() })
const shape = { artifactConfigurationId: z.uuid() }
const missing = ['ARTIFACT_CONFIGURATION_NOT_FOUND', 'artifact configuration'] as const

const document = z.string().meta({ description: 'XML, at most 1 MiB.' })
const documentShape = {
  documentDigest: z.string().meta({ description: 'SHA-256 of the text, hexadecimal.' }),
  size: z.int().meta({ description: 'Bytes of the text.' }),
}
const namedShape = { name: z.string(), description: z.string().nullable() }
const named = { name: z.string(), description: z.string().nullable().default(null) }

const configurationShape = {
  artifactConfigurationId: z.uuid(),
  projectId: z.uuid(),
  slug: z.string(),
  ...namedShape,
  status: z.enum(['active', 'inactive']),
  isDefault: z.boolean().meta({ description: 'Whether submissions to its project are planned by it that name none.' }),
  version: z.int().meta({ description: 'Of the text, from 1.' }),
  ...documentShape,
  ...recordedShape,
}

const findings = z.array(z.object({ code: z.string(), line: z.int(), column: z.int(), message: z.string() }))

/** Artifact configurations: what GraphQL calls by the same names. */
export function artifactConfigurationOperations(
  reading: Reading & { readonly application: Application },
): readonly Operation[] {
  const { application, readModel } = reading
  const isDefault = async ({ projectId, organizationId, artifactConfigurationId }: ArtifactConfigurationView) => {
    const [project] = await readModel.projectsByIds(organizationId, [projectId])
    return project?.defaultArtifactConfigurationId === artifactConfigurationId
  }
  const shown = async (view: ArtifactConfigurationView) => describe(view, await isDefault(view))
  const find = async ({ organizationId }: Caller, id: ArtifactConfigurationId) =>
    (await readModel.artifactConfigurationsByIds(organizationId, [id]))[0]
  return [
    list(reading, {
      tag,
      permission,
      operationId: 'artifactConfigurations',
      path: '/ArtifactConfigurations',
      summary: 'List artifact configurations, by slug',
      query: { projectId: idSchema<ProjectId>().optional() },
      schema: z.object(configurationShape),
      show: shown,
      read: ({ organizationId }, page, { projectId }) =>
        readModel.listArtifactConfigurations(organizationId, projectId === undefined ? {} : { projectId }, page),
    }),
    one(reading, {
      tag,
      permission,
      operationId: 'artifactConfiguration',
      path,
      summary: 'Read an artifact configuration, with its text',
      parameters,
      missing,
      schema: z.object({ ...configurationShape, document }),
      show: async (view: ArtifactConfigurationView, caller) => {
        const configuration = await shown(view)
        return { ...configuration, document: await application.readConfigurationDocument(caller, inForce(view)) }
      },
      find: (caller, { artifactConfigurationId }) => find(caller, artifactConfigurationId),
    }),
    list(reading, {
      tag,
      permission,
      operationId: 'artifactConfigurationVersions',
      path: `${path}/Versions`,
      summary: 'List the versions of an artifact configuration, oldest first',
      parameters,
      query: versionsQuery,
      schema: z.object({ ...madeShape, reason: z.string().nullable(), ...documentShape }),
      show: (version: ArtifactConfigurationVersion) => {
        const { reason, documentDigest, size } = version
        return { ...makingOf(version), reason, documentDigest, size }
      },
      async read(caller, page, { asOf }, { artifactConfigurationId: id }) {
        const found = await find(caller, id)
        if (found === undefined) throw new Refusal(missing[0], `There is no ${missing[1]} of this id.`)
        return pageOfVersions(found.versions, { list: `artifactConfiguration-${id}`, asOf, page })
      },
    }),
    one(reading, {
      tag,
      permission,
      operationId: 'artifactConfigurationDocument',
      path: `${path}/Versions/{version}/Document`,
      summary: 'Read the text of a version of an artifact configuration',
      parameters: parameters.extend({ version: z.coerce.number().int().min(1) }),
      missing,
      schema: z.object({ version: z.int(), ...documentShape, document }),
      show: async ({ artifactConfigurationId, version, documentDigest, size }: DocumentOf, caller) => ({
        version,
        documentDigest,
        size,
        document: await application.readConfigurationDocument(caller, { artifactConfigurationId, documentDigest }),
      }),
      find: async (caller, { artifactConfigurationId, version }) => {
        const found = (await find(caller, artifactConfigurationId))?.versions[version - 1]
        return found && { ...found, artifactConfigurationId }
      },
    }),
    ...changes(application),
  ]
}

type DocumentOf = ArtifactConfigurationVersion & { readonly artifactConfigurationId: ArtifactConfigurationId }

function changes(application: Application): readonly Operation[] {
  return [
    change({
      useCase: 'createArtifactConfiguration',
      method: 'POST',
      path: '/ArtifactConfigurations',
      tag,
      summary: 'Create an artifact configuration',
      body: z.object({
        projectId: idSchema<ProjectId>(),
        slug: z.string().meta({ description: 'What tools name it by in its project, for good.' }),
        ...named,
        document,
      }),
      shape,
      creates: true,
      run: (caller, input) => application.createArtifactConfiguration(caller, input),
    }),
    change({
      useCase: 'updateArtifactConfiguration',
      method: 'PUT',
      path: `${path}/Document`,
      tag,
      summary: 'Give an artifact configuration a new version of its text, with changeReason as why',
      parameters,
      body: z.object({ ...basedOnRequired, document }),
      shape,
      run: (caller, input) => application.updateArtifactConfiguration(caller, input),
    }),
    change({
      useCase: 'describeArtifactConfiguration',
      method: 'PUT',
      path,
      tag,
      summary: 'Give an artifact configuration another name or description',
      parameters,
      body: z.object({ ...basedOn, ...named }),
      shape,
      run: (caller, input) => application.describeArtifactConfiguration(caller, input),
    }),
    change({
      useCase: 'deactivateArtifactConfiguration',
      method: 'POST',
      path: `${path}/Deactivate`,
      tag,
      summary: 'Put an artifact configuration out of use: nothing is signed by it from now on',
      parameters,
      body: z.object({ ...basedOn, ...reasoned }),
      shape,
      run: (caller, input) => application.deactivateArtifactConfiguration(caller, input),
    }),
    change({
      useCase: 'reactivateArtifactConfiguration',
      method: 'POST',
      path: `${path}/Reactivate`,
      tag,
      summary: 'Put an artifact configuration into use again',
      parameters,
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.reactivateArtifactConfiguration(caller, input),
    }),
    change({
      useCase: 'changeDefaultArtifactConfiguration',
      method: 'PUT',
      path: '/Projects/{projectId}/DefaultArtifactConfiguration',
      tag,
      summary: 'Say which artifact configuration submissions are planned by that name none',
      parameters: z.object({ projectId: idSchema<ProjectId>() }),
      body: z.object({
        ...basedOn,
        artifactConfigurationId: idSchema<ArtifactConfigurationId>()
          .nullable()
          .meta({ description: 'One of the project; null: none.' }),
      }),
      shape: { projectId: z.uuid() },
      run: (caller, input) => application.changeDefaultArtifactConfiguration(caller, input),
    }),
    operation({
      method: 'POST',
      path: `${organizationPath}/ArtifactConfigurations/Validate`,
      access: permissionsOfUseCases.validateArtifactConfiguration,
      operationId: 'validateArtifactConfiguration',
      tag,
      summary: 'Ask what is wrong with a text, as if it were to be saved as an artifact configuration',
      body: { kind: 'fields', schema: z.object({ document }) },
      answers: {
        200: {
          description: 'What was found.',
          schema: z.object({ isValid: z.boolean(), errors: findings, warnings: findings }),
        },
      },
      async handle({ caller, body }) {
        const { errors, warnings } = await application.validateArtifactConfiguration(caller, body.document)
        return {
          status: 200,
          body: { isValid: errors.length === 0, errors: errors.map(plain), warnings: warnings.map(plain) },
        }
      },
    }),
  ]
}

/** Which text is in force. */
function inForce({ artifactConfigurationId, versions }: ArtifactConfigurationView): DocumentOf {
  const current = versions.at(-1)
  if (current === undefined) throw new Error('An artifact configuration has a version.')
  return { ...current, artifactConfigurationId }
}

function describe(view: ArtifactConfigurationView, isDefault: boolean) {
  const { artifactConfigurationId, projectId, slug, name, description, status } = view
  const { revision, createdAt, updatedAt } = view
  const { version, documentDigest, size } = inForce(view)
  const facts = { artifactConfigurationId, projectId, slug, name, description, status, isDefault }
  return { ...facts, version, documentDigest, size, revision, createdAt, updatedAt }
}

function plain({ code, line, column, message }: ConfigurationFinding) {
  return { code, line, column, message }
}
