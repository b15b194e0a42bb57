import { ConfigurationFindingsRef } from './artifact-configuration.ts'
import { listAsOf } from './as-of.ts'
import { builder } from './builder.ts'
import { entityArguments } from './entity-arguments.ts'
import { parseEntityId } from './global-id.ts'
import { listOfProject } from './list-of-project.ts'
import { minimumPosition } from './minimum-position.ts'
import { foldingCost } from './query-cost.ts'
import { ArtifactConfigurationRef } from './refs.ts'

builder.queryFields((t) => ({
  artifactConfiguration: t.field({
    type: ArtifactConfigurationRef,
    nullable: true,
    complexity: foldingCost,
    args: entityArguments(t),
    resolve: (_root, { id }) => parseEntityId(id, 'ArtifactConfiguration'),
  }),
  artifactConfigurations: t.connection(
    {
      type: ArtifactConfigurationRef,
      description: 'By slug.',
      args: {
        project: t.arg.string({ description: 'Only of this project: UUID, node id or slug.' }),
        asOf: listAsOf(t),
        minimumPosition: minimumPosition(t),
      },
      resolve: (_root, args, context) =>
        listOfProject(args, context, (filter, page) =>
          context.readModel.listArtifactConfigurations(context.caller.organizationId, filter, page),
        ),
    },
    { name: 'ArtifactConfigurationConnection' },
  ),
  validateArtifactConfiguration: t.field({
    type: ConfigurationFindingsRef,
    description: 'What is wrong with a text, as if it were to be saved as an artifact configuration. Nothing is kept.',
    args: { document: t.arg.string({ required: true, description: 'XML.' }), minimumPosition: minimumPosition(t) },
    resolve: (_root, { document }, { application, caller }) =>
      application.validateArtifactConfiguration(caller, document),
  }),
}))
