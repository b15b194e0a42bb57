import type { ArtifactConfigurationHandled } from '../application/index.ts'
import type { ArtifactConfigurationId, ProjectId } from '../domain/index.ts'
import { builder } from './builder.ts'
import { entityPayload } from './entity-payload.ts'
import { parseEntityId } from './global-id.ts'
import { onceProjected } from './once-projected.ts'
import { ProjectPayloadRef } from './project-mutations.ts'
import { ArtifactConfigurationRef } from './refs.ts'

const PayloadRef = entityPayload({
  type: 'ArtifactConfiguration',
  ref: ArtifactConfigurationRef,
  field: 'artifactConfiguration',
})

const newest = 'Refused when there is a newer one; left out: whatever there is.'

const CreateInput = builder.inputType('CreateArtifactConfigurationInput', {
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'UUID or node id.' }),
    slug: t.string({ required: true, description: 'What tools name it by in its project, for good.' }),
    name: t.string({ required: true }),
    description: t.string(),
    document: t.string({ required: true, description: 'XML, at most 1 MiB.' }),
  }),
})

const UpdateInput = builder.inputType('UpdateArtifactConfigurationInput', {
  fields: (t) => ({
    artifactConfigurationId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ required: true, description: 'The `revision` that the change was made from.' }),
    document: t.string({ required: true, description: 'XML, at most 1 MiB.' }),
  }),
})

const DescribeInput = builder.inputType('DescribeArtifactConfigurationInput', {
  fields: (t) => ({
    artifactConfigurationId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ description: newest }),
    name: t.string({ required: true }),
    description: t.string({ description: 'Left out: none.' }),
  }),
})

const DeactivateInput = builder.inputType('DeactivateArtifactConfigurationInput', {
  fields: (t) => ({
    artifactConfigurationId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ description: newest }),
    reason: t.string(),
  }),
})

const ReactivateInput = builder.inputType('ReactivateArtifactConfigurationInput', {
  fields: (t) => ({
    artifactConfigurationId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ description: newest }),
  }),
})

const DefaultInput = builder.inputType('ChangeDefaultArtifactConfigurationInput', {
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ description: `Of the project. ${newest}` }),
    artifactConfigurationId: t.id({ description: 'UUID or node id of one of the project; left out or null: none.' }),
  }),
})

builder.mutationFields((t) => ({
  createArtifactConfiguration: t.field({
    type: PayloadRef,
    description: 'Creates an artifact configuration of a project.',
    args: { input: t.arg({ type: CreateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.createArtifactConfiguration(context.caller, {
            projectId: parseEntityId<ProjectId>(input.projectId, 'Project'),
            slug: input.slug,
            name: input.name,
            description: input.description ?? null,
            document: input.document,
          }),
        ),
      ),
  }),
  updateArtifactConfiguration: t.field({
    type: PayloadRef,
    description:
      'Gives an artifact configuration a new version of its text, with `changeReason` as why. Requests that were submitted before keep theirs.',
    args: { input: t.arg({ type: UpdateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.updateArtifactConfiguration(context.caller, {
            artifactConfigurationId: idIn(input),
            basedOnRevision: input.basedOnRevision,
            document: input.document,
          }),
        ),
      ),
  }),
  describeArtifactConfiguration: t.field({
    type: PayloadRef,
    description: 'Gives an artifact configuration another name or description.',
    args: { input: t.arg({ type: DescribeInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.describeArtifactConfiguration(context.caller, {
            artifactConfigurationId: idIn(input),
            basedOnRevision: input.basedOnRevision ?? null,
            name: input.name,
            description: input.description ?? null,
          }),
        ),
      ),
  }),
  deactivateArtifactConfiguration: t.field({
    type: PayloadRef,
    description: 'Puts an artifact configuration out of use: nothing is signed by it, also what is under way.',
    args: { input: t.arg({ type: DeactivateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.deactivateArtifactConfiguration(context.caller, {
            artifactConfigurationId: idIn(input),
            basedOnRevision: input.basedOnRevision ?? null,
            reason: input.reason ?? null,
          }),
        ),
      ),
  }),
  reactivateArtifactConfiguration: t.field({
    type: PayloadRef,
    description: 'Puts an artifact configuration into use again.',
    args: { input: t.arg({ type: ReactivateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.reactivateArtifactConfiguration(context.caller, {
            artifactConfigurationId: idIn(input),
            basedOnRevision: input.basedOnRevision ?? null,
          }),
        ),
      ),
  }),
  changeDefaultArtifactConfiguration: t.field({
    type: ProjectPayloadRef,
    description: 'Says which artifact configuration of a project submissions are planned by that name none.',
    args: { input: t.arg({ type: DefaultInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        context.application
          .changeDefaultArtifactConfiguration(context.caller, {
            projectId: parseEntityId<ProjectId>(input.projectId, 'Project'),
            basedOnRevision: input.basedOnRevision ?? null,
            artifactConfigurationId:
              input.artifactConfigurationId == null
                ? null
                : parseEntityId<ArtifactConfigurationId>(input.artifactConfigurationId, 'ArtifactConfiguration'),
          })
          .then(({ projectId: id, ...rest }) => ({ id, ...rest })),
      ),
  }),
}))

function idIn({ artifactConfigurationId }: { readonly artifactConfigurationId: string }): ArtifactConfigurationId {
  return parseEntityId<ArtifactConfigurationId>(artifactConfigurationId, 'ArtifactConfiguration')
}

async function changed(handled: Promise<ArtifactConfigurationHandled>) {
  const { artifactConfigurationId: id, ...rest } = await handled
  return { id, ...rest }
}
