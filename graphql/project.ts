import type { ProjectId } from '../domain/index.ts'
import type { ArtifactConfigurationView, ProjectVersion, SigningPolicyView } from '../projections/index.ts'
import { ActorRef } from './actor.ts'
import { builder } from './builder.ts'
import { EntityRef } from './entity.ts'
import { ProjectStatusRef } from './enums.ts'
import { PrincipalReferenceRef } from './principal-reference.ts'
import { ArtifactConfigurationRef, ProjectRef, SigningPolicyRef } from './refs.ts'

const ProjectVersionRef = builder.objectRef<ProjectVersion>('ProjectVersion').implement({
  description: 'The settings of a project as they were from one change to the next.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'From 1.' }),
    madeAt: t.expose('at', { type: 'DateTime' }),
    madeBy: t.expose('by', { type: ActorRef }),
    name: t.string({ resolve: ({ settings }) => settings.name }),
    description: t.string({ nullable: true, resolve: ({ settings }) => settings.description }),
    repositoryUrl: t.string({ nullable: true, resolve: ({ settings }) => settings.repositoryUrl }),
    readers: t.field({ type: [PrincipalReferenceRef], resolve: ({ settings }) => [...settings.readers] }),
    configurators: t.field({ type: [PrincipalReferenceRef], resolve: ({ settings }) => [...settings.configurators] }),
  }),
})

ProjectRef.implement({
  description: 'What belongs together and is signed under common policies.',
  interfaces: [EntityRef],
  fields: (t) => ({
    projectId: t.exposeID('projectId', { description: 'UUID.' }),
    slug: t.exposeString('slug', { description: 'What tools name the project by.' }),
    name: t.exposeString('name'),
    description: t.exposeString('description', { nullable: true }),
    repositoryUrl: t.exposeString('repositoryUrl', { nullable: true }),
    status: t.expose('status', { type: ProjectStatusRef }),
    readers: t.field({
      type: [PrincipalReferenceRef],
      description: 'Who may read everything of the project, artifacts included.',
      resolve: ({ readers }) => [...readers],
    }),
    configurators: t.field({
      type: [PrincipalReferenceRef],
      description: 'Who may read as readers do, and look after artifact configurations and web hooks.',
      resolve: ({ configurators }) => [...configurators],
    }),
    versions: t.field({
      type: [ProjectVersionRef],
      description: 'Every version of the settings, the oldest first.',
      resolve: ({ versions }) => [...versions],
    }),
    artifactConfigurations: t.loadableList({
      type: ArtifactConfigurationRef,
      description: 'By slug.',
      load: async (projectIds: ProjectId[], { readModel, caller }): Promise<ArtifactConfigurationView[][]> => {
        const lists = await readModel.artifactConfigurationsOfProjects(caller.organizationId, projectIds)
        return lists.map((list) => [...list])
      },
      resolve: ({ projectId }) => projectId,
    }),
    defaultArtifactConfiguration: t.field({
      type: ArtifactConfigurationRef,
      nullable: true,
      description:
        'By which submissions are planned that name none. Null: what is signed follows from the artifact then.',
      resolve: ({ defaultArtifactConfigurationId }) => defaultArtifactConfigurationId ?? null,
    }),
    signingPolicies: t.loadableList({
      type: SigningPolicyRef,
      description: 'By slug.',
      load: async (projectIds: ProjectId[], { readModel, caller }): Promise<SigningPolicyView[][]> => {
        const lists = await readModel.signingPoliciesOfProjects(caller.organizationId, projectIds)
        return lists.map((list) => [...list])
      },
      resolve: ({ projectId }) => projectId,
    }),
  }),
})
