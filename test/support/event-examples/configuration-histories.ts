import { type ArtifactConfigurationId, type ProjectId, type SigningRequestId, streams } from '../../../domain/index.ts'
import { fixedUuid } from '../submission.ts'
import { byToken, digest, id, inForm, submission } from './facts.ts'
import type { EventHistory } from './request-histories.ts'

const artifactConfigurationId = fixedUuid<ArtifactConfigurationId>('1')
const projectId = fixedUuid<ProjectId>('1')
const signingRequestId = '50505050-5050-4050-8050-505050505050' as SigningRequestId
const slug = 'installer'

/** An artifact configuration, the project whose default it was, and a request that is planned by it. */
export const configurationHistories: readonly EventHistory[] = [
  {
    streamId: streams.artifactConfigurationSlug(fixedUuid('1')),
    events: [byToken('ArtifactConfigurationSlugReserved', { projectId, slug, artifactConfigurationId })],
  },
  {
    streamId: streams.artifactConfiguration(artifactConfigurationId),
    events: [
      byToken('ArtifactConfigurationCreated', {
        artifactConfigurationId,
        organizationId: id.organization,
        projectId,
        slug,
        name: 'Installer',
        description: 'What we deliver',
        documentDigest: digest('c1'),
        size: 412,
      }),
      byToken('ArtifactConfigurationChanged', {
        version: 2,
        documentDigest: digest('c2'),
        size: 530,
        reason: 'The library is signed, too',
      }),
      byToken('ArtifactConfigurationDescribed', { name: 'Installer and library', description: null }),
      byToken('ArtifactConfigurationDeactivated', { reason: 'It signs too much' }),
      byToken('ArtifactConfigurationReactivated', {}),
    ],
  },
  {
    streamId: streams.project(projectId),
    events: [
      byToken('ProjectCreated', {
        projectId,
        organizationId: id.organization,
        slug: 'delivery',
        name: 'Delivery',
        description: null,
        repositoryUrl: null,
      }),
      byToken('DefaultArtifactConfigurationChanged', { artifactConfigurationId }),
      byToken('DefaultArtifactConfigurationChanged', { artifactConfigurationId: null }),
    ],
  },
  {
    streamId: streams.signingRequest(signingRequestId),
    events: [
      inForm(
        5,
        byToken('SigningRequestSubmitted', {
          ...submission(signingRequestId),
          artifactConfiguration: {
            artifactConfigurationId,
            version: 2,
            documentDigest: digest('c2'),
            parameters: { edition: 'professional' },
          },
        }),
      ),
    ],
  },
]
