import type { ProjectHandled } from '../application/index.ts'
import type { ProjectId } from '../domain/index.ts'
import { builder } from './builder.ts'
import { entityPayload } from './entity-payload.ts'
import { parseEntityId } from './global-id.ts'
import { onceProjected } from './once-projected.ts'
import { PrincipalReferenceInput, referencesOf } from './principal-reference.ts'
import { ProjectRef } from './refs.ts'

/** What a change of a project answers. */
export const ProjectPayloadRef = entityPayload({ type: 'Project', ref: ProjectRef, field: 'project' })

const CreateProjectInput = builder.inputType('CreateProjectInput', {
  fields: (t) => ({
    slug: t.string({ required: true, description: 'What tools name the project by, for good.' }),
    name: t.string({ required: true, description: 'Stands in signatures.' }),
    description: t.string(),
    repositoryUrl: t.string({ description: 'Stands in signatures; https or http, without credentials.' }),
    readers: t.field({ type: [PrincipalReferenceInput] }),
    configurators: t.field({ type: [PrincipalReferenceInput] }),
  }),
})

const UpdateProjectInput = builder.inputType('UpdateProjectInput', {
  description: 'The settings as they are to be: what is left out is empty then.',
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ required: true, description: 'The `revision` that the change was made from.' }),
    name: t.string({ required: true }),
    description: t.string(),
    repositoryUrl: t.string(),
    readers: t.field({ type: [PrincipalReferenceInput], required: true }),
    configurators: t.field({ type: [PrincipalReferenceInput], required: true }),
  }),
})

const DeactivateProjectInput = builder.inputType('DeactivateProjectInput', {
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ description: 'Refused when there is a newer one; left out: whatever there is.' }),
    reason: t.string(),
  }),
})

const ReactivateProjectInput = builder.inputType('ReactivateProjectInput', {
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ description: 'Refused when there is a newer one; left out: whatever there is.' }),
  }),
})

builder.mutationFields((t) => ({
  createProject: t.field({
    type: ProjectPayloadRef,
    description: 'Creates a project.',
    args: { input: t.arg({ type: CreateProjectInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.createProject(context.caller, {
            slug: input.slug,
            name: input.name,
            description: input.description ?? null,
            repositoryUrl: input.repositoryUrl ?? null,
            readers: referencesOf(input.readers ?? []),
            configurators: referencesOf(input.configurators ?? []),
          }),
        ),
      ),
  }),
  updateProject: t.field({
    type: ProjectPayloadRef,
    description:
      'Gives a project other settings. Another repository is a change of a rule, which others may have to approve.',
    args: { input: t.arg({ type: UpdateProjectInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.updateProject(context.caller, {
            projectId: projectIdIn(input),
            basedOnRevision: input.basedOnRevision,
            name: input.name,
            description: input.description ?? null,
            repositoryUrl: input.repositoryUrl ?? null,
            readers: referencesOf(input.readers),
            configurators: referencesOf(input.configurators),
          }),
        ),
      ),
  }),
  deactivateProject: t.field({
    type: ProjectPayloadRef,
    description: 'Puts a project out of use: nothing of it is signed from now on, also what is under way.',
    args: { input: t.arg({ type: DeactivateProjectInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.deactivateProject(context.caller, {
            projectId: projectIdIn(input),
            basedOnRevision: input.basedOnRevision ?? null,
            reason: input.reason ?? null,
          }),
        ),
      ),
  }),
  reactivateProject: t.field({
    type: ProjectPayloadRef,
    description: 'Puts a project into use again.',
    args: { input: t.arg({ type: ReactivateProjectInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.reactivateProject(context.caller, {
            projectId: projectIdIn(input),
            basedOnRevision: input.basedOnRevision ?? null,
          }),
        ),
      ),
  }),
}))

function projectIdIn({ projectId }: { readonly projectId: string }): ProjectId {
  return parseEntityId<ProjectId>(projectId, 'Project')
}

async function changed(handled: Promise<ProjectHandled>) {
  const { projectId: id, ...rest } = await handled
  return { id, ...rest }
}
