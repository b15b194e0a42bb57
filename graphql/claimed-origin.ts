import type { ClaimedOrigin } from '../domain/index.ts'
import { ArtifactRef } from './artifact.ts'
import { builder } from './builder.ts'
import { TrustedBuildSystemRef } from './refs.ts'

const ClaimedRepositoryRef = builder
  .objectRef<NonNullable<ClaimedOrigin['repositoryData']>>('ClaimedRepository')
  .implement({
    description: 'Where the source code of a build lies, as its build system says.',
    fields: (t) => ({
      url: t.exposeString('url', { nullable: true }),
      branchName: t.exposeString('branchName', { nullable: true }),
      commitId: t.exposeString('commitId', { nullable: true }),
      sourceControlManagementType: t.exposeString('sourceControlManagementType', { nullable: true }),
    }),
  })

const ClaimedBuildRef = builder.objectRef<NonNullable<ClaimedOrigin['buildData']>>('ClaimedBuild').implement({
  description: 'A build, as its build system says.',
  fields: (t) => ({
    url: t.exposeString('url', { nullable: true }),
    buildSettingsFile: t.expose('buildSettingsFile', {
      type: ArtifactRef,
      nullable: true,
      description: 'What said how to build. REST serves it as `…/SigningRequests/{id}/BuildSettingsFile`.',
    }),
  }),
})

/** An origin as a trusted build system says it. */
export const ClaimedOriginRef = builder.objectRef<ClaimedOrigin>('ClaimedOrigin').implement({
  description: 'Where an artifact comes from, as a trusted build system says that vouched for its submission.',
  fields: (t) => ({
    trustedBuildSystem: t.field({
      type: TrustedBuildSystemRef,
      nullable: true,
      resolve: ({ trustedBuildSystemId }) => trustedBuildSystemId,
    }),
    repositoryData: t.expose('repositoryData', { type: ClaimedRepositoryRef, nullable: true }),
    buildData: t.expose('buildData', { type: ClaimedBuildRef, nullable: true }),
    sourceSummaries: t.field({
      type: [ArtifactRef],
      description: 'Verification summaries of the source revision. Once they were judged, they are among the evidence.',
      resolve: ({ sourceSummaries = [] }) => [...sourceSummaries],
    }),
  }),
})
