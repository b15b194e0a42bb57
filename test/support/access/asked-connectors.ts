import type { AskedRoute } from './asked-rest.ts'
import { announcedBytes, type Things } from './things.ts'

/** What plugins of build systems call. Their build systems are not there, which only those are told who may submit. */
export function connectorRoutes(): Readonly<Record<string, AskedRoute>> {
  const submission = (connector: string, fields: object): Readonly<Record<string, AskedRoute>> => ({
    [`POST /Connectors/${connector}/:buildSystem/:organizationId/SigningRequests`]: {
      path: async (of) => `/Connectors/${connector}/none/${await of.organizationId()}/SigningRequests`,
      headers: { 'content-type': 'application/json' },
      body: async (of) =>
        JSON.stringify({
          signPathProjectSlug: await of.namedProject(),
          signPathSigningPolicySlug: await of.namedPolicy(),
          ...fields,
        }),
      status: 404,
    },
  })
  const read = (method: string, part: string, request: (of: Things) => Promise<string>) => ({
    [`${method} /Connectors/:connector/:buildSystem/:organizationId/SigningRequests/:signingRequestId/${part}`]: {
      path: async (of: Things) =>
        `/Connectors/GitHub/none/${await of.organizationId()}/SigningRequests/${await request(of)}/${part}`,
    },
  })
  return {
    ...submission('GitHub', { artifactId: '7001', gitHubWorkflowRunId: '5001' }),
    ...submission('GitLab', { gitLabJobId: '1', gitLabArtifactPath: 'out/setup.exe' }),
    ...submission('AzureDevOps', { azureDevOpsBuildId: '1', azureDevOpsArtifactName: 'setup' }),
    ...submission('TeamCity', { teamCityBuildId: '1', teamCityArtifactPath: 'out/setup.exe' }),
    ...submission('Jenkins', { jobFullName: 'a', buildNumber: 1, sha256ArtifactPath: 'setup.exe.sha256' }),
    'POST /Connectors/Jenkins/:buildSystem/:organizationId/SigningRequests/:signingRequestId/UnsignedArtifact': {
      path: async (of) =>
        `/Connectors/Jenkins/none/${await of.organizationId()}/SigningRequests/${await of.announcedRequest()}/UnsignedArtifact`,
      headers: { 'content-type': 'application/octet-stream' },
      body: announcedBytes,
    },
    ...read('GET', 'Status', async (of) => (await of.request()).signingRequestId),
    ...read('GET', 'SignedArtifact', (of) => of.signedRequest()),
    ...read('HEAD', 'SignedArtifact', (of) => of.signedRequest()),
  }
}
