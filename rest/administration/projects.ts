import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import type { ProjectId, ProjectSettings } from '../../domain/index.ts'
import type { ProjectView } from '../../projections/index.ts'
import type { Operation } from '../operation.ts'
import { basedOn, basedOnRequired, change, idSchema, reasoned } from './change.ts'
import { principalsSchema, shownPrincipals, showPrincipals } from './principals.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

const tag = 'Projects'
const parameters = z.object({ projectId: idSchema<ProjectId>() })
const shape = { projectId: z.uuid() }

const settings = {
  name: z.string().meta({ description: 'Stands in signatures.' }),
  description: z.string().nullable().default(null),
  repositoryUrl: z
    .string()
    .nullable()
    .default(null)
    .meta({ description: 'Stands in signatures; https or http, without credentials.' }),
  readers: principalsSchema.default([]),
  configurators: principalsSchema.default([]),
}

/** The settings in answers. */
export const projectSettings = {
  name: z.string(),
  description: z.string().nullable(),
  repositoryUrl: z.string().nullable(),
  readers: shownPrincipals,
  configurators: shownPrincipals,
}

const projectSchema = z.object({
  projectId: z.uuid(),
  slug: z.string(),
  status: z.enum(['valid', 'inactive']),
  ...projectSettings,
  ...recordedShape,
})

/** Projects: what GraphQL calls by the same names. */
export function projectOperations(reading: Reading & { readonly application: Application }): readonly Operation[] {
  const { application, readModel } = reading
  const read = { tag, permission: 'readOrganization', schema: projectSchema, show: shown } as const
  return [
    list(reading, {
      ...read,
      operationId: 'projects',
      path: '/Projects',
      summary: 'List projects, by slug',
      read: ({ organizationId }, page) => readModel.listProjects(organizationId, page),
    }),
    one(reading, {
      ...read,
      operationId: 'project',
      path: '/Projects/{projectId}',
      summary: 'Read a project',
      parameters,
      missing: ['PROJECT_NOT_FOUND', 'project'],
      find: async ({ organizationId }, { projectId }) =>
        (await readModel.projectsByIds(organizationId, [projectId]))[0],
    }),
    change({
      useCase: 'createProject',
      method: 'POST',
      path: '/Projects',
      tag,
      summary: 'Create a project',
      body: z.object({ slug: z.string().meta({ description: 'What tools name it by, for good.' }), ...settings }),
      shape,
      creates: true,
      run: (caller, input) => application.createProject(caller, input),
    }),
    change({
      useCase: 'updateProject',
      method: 'PUT',
      path: '/Projects/{projectId}',
      tag,
      summary: 'Give a project other settings: what is left out is empty then',
      parameters,
      body: z.object({ ...basedOnRequired, ...settings }),
      shape,
      run: (caller, input) => application.updateProject(caller, input),
    }),
    change({
      useCase: 'deactivateProject',
      method: 'POST',
      path: '/Projects/{projectId}/Deactivate',
      tag,
      summary: 'Put a project out of use: nothing of it is signed from now on',
      parameters,
      body: z.object({ ...basedOn, ...reasoned }),
      shape,
      run: (caller, input) => application.deactivateProject(caller, input),
    }),
    change({
      useCase: 'reactivateProject',
      method: 'POST',
      path: '/Projects/{projectId}/Reactivate',
      tag,
      summary: 'Put a project into use again',
      parameters,
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.reactivateProject(caller, input),
    }),
  ]
}

function shown(view: ProjectView): z.input<typeof projectSchema> {
  const { projectId, slug, status, revision, createdAt, updatedAt } = view
  return { projectId, slug, status, ...showProjectSettings(view), revision, createdAt, updatedAt }
}

/** The settings of a project or of one version of it, as answers show them. */
export function showProjectSettings({ name, description, repositoryUrl, readers, configurators }: ProjectSettings) {
  const named = { readers: showPrincipals(readers), configurators: showPrincipals(configurators) }
  return { name, description, repositoryUrl, ...named }
}
