import { evidenceSha256 } from '../graphql-requests.ts'
import { unsubscribePath } from '../mailed-tokens.ts'
import { connectorRoutes } from './asked-connectors.ts'
import { askedRequests } from './asked-requests.ts'
import type { AskedRoute } from './asked-rest.ts'
import { announcedUploadRoute, artifactRoute, submissionOf, submissionRoute } from './asked-submissions.ts'
import type { Things } from './things.ts'

/** Every route, by its method and URL: who adds one adds a line. */
export const askedRoutes: Readonly<Record<string, AskedRoute>> = {
  'GET /health/live': { path: async () => '/health/live' },
  'HEAD /health/live': { path: async () => '/health/live' },
  'GET /health/ready': { path: async () => '/health/ready' },
  'HEAD /health/ready': { path: async () => '/health/ready' },
  'GET /graphql': { path: async () => '/graphql?query={viewer{userId}}' },
  'POST /graphql': {
    path: async () => '/graphql',
    body: '{"query":"{viewer{userId}}"}',
    headers: { 'content-type': 'application/json' },
  },
  'POST /invitations/accept': {
    path: async () => '/invitations/accept',
    body: async (of) => JSON.stringify({ invitation: await (await of.newInvitation())() }),
    headers: { 'content-type': 'application/json' },
  },
  ...unsubscribeRoutes(),
  'POST /uploads': {
    path: async () => '/uploads?fileName=setup.exe',
    isOfNoProject: true,
    body: 'a program',
    headers: { 'content-type': 'application/octet-stream' },
  },
  ...artifactRoute('SignedArtifact'),
  ...artifactRoute('UnsignedArtifact'),
  ...artifactRoute('Provenance'),
  ...artifactRoute('ProvenanceBundle'),
  ...submissionRoute('/SubmitWithArtifact'),
  ...submissionRoute(''),
  'POST /Api/v1/:organizationId/SigningRequests/SignHash': {
    path: async (of) => `/Api/v1/${await of.organizationId()}/SigningRequests/SignHash`,
    headers: { 'content-type': 'application/json' },
    body: async (of) =>
      JSON.stringify({
        signingPolicyId: await of.namedPolicy(),
        signatureAlgorithm: 'Ecdsa',
        base64EncodedHash: Buffer.alloc(32, 7).toString('base64'),
      }),
  },
  ...canSubmitRoute(),
  ...submissionOf('/SubmitWithArtifactRetrievalLink', {
    artifactRetrievalLink: { url: 'http://127.0.0.1:1/setup.exe', fileName: 'setup.exe' },
  }),
  'POST /Api/v1/:organizationId/SigningRequests/SubmitBuildArtifact': {
    path: async (of) => `/Api/v1/${await of.organizationId()}/SigningRequests/SubmitBuildArtifact`,
    headers: { 'content-type': 'application/json' },
    body: async (of) => JSON.stringify({ signingPolicyId: await of.namedPolicy(), trustedBuildSystemSlug: 'nobody' }),
    // There is no build system of this name.
    status: 404,
  },
  ...submissionOf('/SubmitWithoutArtifact', {
    unsignedArtifactMetadata: { fileName: 'setup.exe', sha256Hash: 'ab'.repeat(32) },
  }),
  'POST /Api/v1/:organizationId/Integrations/AppVeyor': {
    path: async (of) =>
      `/Api/v1/${await of.organizationId()}/Integrations/AppVeyor?SigningPolicyId=${await of.namedPolicy()}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ accountName: 'example', projectSlug: 'library', buildVersion: '1.0.3', buildId: 7, buildJobId: 'j0b1' },
    }),
    // No build system of the kind is linked with the project.
    status: 400,
  },
  ...announcedUploadRoute('UnsignedArtifact'),
  ...announcedUploadRoute('UploadUnsignedArtifact'),
  ...artifactRoute('BuildSettingsFile', (of) => of.requestOfBuild()),
  ...evidenceRoute(),
  ...connectorRoutes(),
  ...askedRequests,
  'GET /Api/v1/Meta/SystemInfo': { path: async () => '/Api/v1/Meta/SystemInfo' },
  'GET /Api/v1/openapi.json': { path: async () => '/Api/v1/openapi.json' },
  'GET /Api/v1/docs': { path: async () => '/Api/v1/docs' },
  'GET /audit-log/export': { path: async () => '/audit-log/export' },
}

/** What a build system answered, whose text is the same each time. */
function evidenceRoute(): Readonly<Record<string, AskedRoute>> {
  const routes = artifactRoute('OriginEvidence', (of) => of.verifiedRequest())
  return Object.fromEntries(
    Object.entries(routes).map(([name, { path }]) => [
      `${name}/:sha256`,
      { path: async (of) => `${await path(of)}/${evidenceSha256}` },
    ]),
  )
}

/** Whether an artifact would be taken; a refusal is an answer. */
function canSubmitRoute(): Readonly<Record<string, AskedRoute>> {
  const asked = submissionOf('/CanSubmit', { fileName: 'setup.exe', size: 9 })
  const isRefusedIn = (text: string) => JSON.parse(text).refusal !== null
  return Object.fromEntries(Object.entries(asked).map(([name, route]) => [name, { ...route, isRefusedIn }]))
}

/** The address in mails at which somebody turns mails off. */
function unsubscribeRoutes(): Readonly<Record<string, AskedRoute>> {
  const path = async (of: Things) => unsubscribePath(await of.organizationId(), await of.user(), 'requestOutcome')
  const url = '/notifications/unsubscribe/:token'
  return { [`GET ${url}`]: { path }, [`HEAD ${url}`]: { path }, [`POST ${url}`]: { path } }
}
