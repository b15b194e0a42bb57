import { createHash, randomUUID } from 'node:crypto'
import type { Application, ApplicationDependencies } from '../../application/index.ts'
import type { Setup } from '../../application/setup.ts'
import { type ArtifactStore, storeDocument, storeManifest, withComposedPlan } from '../../artifacts/index.ts'
import {
  type BuildSecretId,
  failedCheck,
  fold,
  knownArtifact,
  type PlanNodeContent,
  passedCheck,
  type Sha256Digest,
  type SignedFile,
  type SigningPlan,
  type SigningRequestId,
  signingRequestDecider,
  streams,
  type TrustedBuildSystemId,
  type TrustedBuildSystemTokenId,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import type { ReadModel } from '../../projections/index.ts'
import type { Tell } from './deciding-workflows.ts'
import type { GraphQLOrganization, TestUser } from './graphql-organization.ts'
import { oneProgram, oneSignedProgram } from './planned-program.ts'
import { anOrigin } from './submission.ts'

/** Takes requests of the test organization on their way. */
export type GraphQLRequests = {
  /** Uploads bytes; answers the upload's id. */
  readonly upload: (by: TestUser, text?: string) => Promise<string>
  /** Submits by the use case. @param buildSystem vouches for it, and claims an origin */
  readonly submit: (
    policy?: string,
    description?: string,
    buildSystem?: TrustedBuildSystemId,
  ) => Promise<SigningRequestId>
  /** Submits bytes that are uploaded later. */
  readonly announce: (policy: string, text: string) => Promise<SigningRequestId>
  /** Takes a submitted request to its plan; answers the plan's digest. @param nodes its tree; default: one program */
  readonly plan: (signingRequestId: SigningRequestId, nodes?: Iterable<PlanNodeContent>) => Promise<Sha256Digest>
  /** Takes a planned and approved request to its end. @param files what was signed; default: one program @param withProvenance whether its origin is stated */
  readonly complete: (
    signingRequestId: SigningRequestId,
    planDigest: Sha256Digest,
    files?: AsyncIterable<SignedFile>,
    withProvenance?: boolean,
  ) => Promise<void>
  /** Submits what a build system vouched for again, to a policy that demands an origin, which is verified. */
  readonly verify: (from: SigningRequestId) => Promise<SigningRequestId>
}

/** What the build system answered whom `verify` asked. */
export const evidenceText = 'The run belongs to the repository.'

/** Its name in the store. */
export const evidenceSha256 = createHash('sha256').update(evidenceText).digest('hex') as Sha256Digest

const demanded = { allowedBranches: ['main', 'release/*'], repositoryUrl: 'https://git.example.org/team/program' }

const thumbprint = 'ab'.repeat(32)

type Parts = {
  readonly application: Application
  readonly dependencies: Pick<ApplicationDependencies, 'now' | 'log'>
  readonly setup: Setup
  readonly organization: Pick<GraphQLOrganization, 'certificateId' | 'keyId' | 'projectId' | 'submitter'>
  readonly readModel: ReadModel
  readonly store: ArtifactStore
  readonly tell: Tell
  readonly caughtUp: () => Promise<void>
  /** Where documents are composed. */
  readonly folder: string
}

/** Does what people do by the use cases, and what workers and the signer would. */
export function graphQLRequests(parts: Parts): GraphQLRequests {
  const { application, dependencies, setup, readModel, store, tell, caughtUp, folder } = parts
  const { certificateId, keyId, projectId, submitter } = parts.organization
  const storeText = (text: string) =>
    store.put(
      (async function* () {
        yield new TextEncoder().encode(text)
      })(),
    )
  const requests: GraphQLRequests = {
    async upload(by, text = 'a program') {
      const caller = await application.authenticate({ apiToken: by.token }, undefined)
      const bytes = (async function* () {
        yield new TextEncoder().encode(text)
      })()
      return (await application.uploadArtifact(caller, { fileName: 'setup.exe', bytes })).uploadId
    },
    async submit(signingPolicy = 'release-signing', description = 'a build', buildSystem) {
      const caller = await application.authenticate({ apiToken: submitter.token }, undefined)
      const uploadId = await requests.upload(submitter)
      const input = { project: 'demo', signingPolicy, source: { kind: 'uploadedFile', uploadId }, description }
      if (buildSystem === undefined) return (await application.submitSigningRequest(caller, input)).signingRequestId
      const proof = { method: 'token', tokenId: randomUUID() as TrustedBuildSystemTokenId } as const
      const vouchedBy = { trustedBuildSystemId: buildSystem, proof, node: null }
      const buildSettingsUploadId = await requests.upload(submitter, 'steps: []')
      const origin = {
        repositoryData: {
          url: 'https://example.com/program.git',
          branchName: 'main',
          commitId: '0f3c',
          sourceControlManagementType: 'git',
        },
        buildData: { url: 'https://ci.example.com/1', buildSettingsUploadId },
      }
      return (await application.submitSigningRequest({ ...caller, vouchedBy }, { ...input, origin })).signingRequestId
    },
    async announce(signingPolicy, text) {
      const caller = await application.authenticate({ apiToken: submitter.token }, undefined)
      const sha256 = createHash('sha256').update(text).digest('hex')
      const source = { kind: 'announcedUpload', fileName: 'setup.exe', sha256 }
      const input = { project: 'demo', signingPolicy, source, description: null }
      return (await application.submitSigningRequest(caller, input)).signingRequestId
    },
    async plan(signingRequestId, given) {
      await caughtUp()
      const [request] = await readModel.signingRequestsByIds(setup.organizationId, [signingRequestId])
      if (request === undefined) throw new Error('The request is not there.')
      const artifact = knownArtifact(request)
      if (artifact === null) throw new Error('The request has no artifact.')
      const plan: SigningPlan = {
        kind: 'signingPlan',
        schemaVersion: 1,
        plannerVersion: 1,
        signingRequestId,
        projectId,
        signingPolicyId: request.signingPolicyId,
        signingPolicyVersion: 1,
        certificateId,
        certificateThumbprint: thumbprint,
        timestamp: 'required',
      }
      const nodes = given ?? [oneProgram(artifact)]
      const { digest: planDigest, ...stored } = await withComposedPlan(plan, nodes, { folder }, async (composed) => ({
        ...(await storeDocument(store, composed)),
        nodeCount: composed.entryCount,
        fileCount: composed.signedCount,
      }))
      const { document: planDocument, ...counts } = stored
      await tell(signingRequestId, { type: 'RecordRetrieval', artifact })
      const recorded = { planDigest, planDocument, certificateThumbprint: thumbprint, plannerVersion: 1, ...counts }
      await tell(signingRequestId, { type: 'RecordPlan', ...recorded, at: dependencies.now() })
      return planDigest
    },
    async complete(signingRequestId, planDigest, files, withProvenance = false) {
      const { sha256: signed, size } = await storeText('a program with a signature')
      await tell(signingRequestId, {
        type: 'StartSigning',
        planDigest,
        certificateId,
        certificateThumbprint: thumbprint,
        keyId,
      })
      const signedArtifact = { fileName: 'setup.exe', sha256: signed, size }
      const file = oneSignedProgram({ sha256: signed, size }, dependencies.now())
      const describe = () => ({
        kind: 'signingManifest' as const,
        schemaVersion: 1 as const,
        signingRequestId,
        attempt: 1,
        planDigest,
        certificateThumbprint: thumbprint,
        signedArtifact,
      })
      const manifest = await storeManifest(store, describe, files ?? [file], { folder })
      await tell(signingRequestId, {
        type: 'RecordSigned',
        attempt: 1,
        fileCount: manifest.fileCount,
        manifestDigest: manifest.digest,
        manifestDocument: manifest.document,
        files: manifest.files,
        signedArtifact,
        ...(withProvenance && {
          provenance: { keyId, envelope: await storeText('an envelope'), bundle: await storeText('a bundle') },
        }),
      })
    },
    async verify(from) {
      const { events } = await readWholeStream(dependencies.log, streams.signingRequest(from))
      const state = fold(signingRequestDecider, events)
      if (state.workflowStatus === 'none' || state.claimedOrigin === undefined)
        throw new Error('There is no such request.')
      const { organizationId, signingPolicyId, signingPolicyVersion, approval, timestamp } = state
      const { existingSignatures, description, claimedOrigin, program } = state
      const source = { ...state.source, fileName: 'library.nupkg' }
      const signingRequestId = randomUUID() as SigningRequestId
      await tell(signingRequestId, {
        type: 'SubmitSigningRequest',
        submission: {
          ...{ signingRequestId, organizationId, signingPolicyId, signingPolicyVersion, approval, timestamp },
          ...{ existingSignatures, description, claimedOrigin, source, program },
          ...{ projectId: state.projectId, certificateId: state.certificateId, submitter: state.submitter },
          originVerification: demanded,
          build: {
            fields: { buildId: '7' },
            secrets: [{ name: 'accessToken', secretId: randomUUID() as BuildSecretId }],
          },
        },
      })
      const artifact = knownArtifact({ ...state, source })
      if (artifact === null) throw new Error('The request has no artifact.')
      await tell(signingRequestId, { type: 'RecordRetrieval', artifact })
      const told = { code: 'ORIGIN_NODE_UNKNOWN', message: 'The node is one of ours.', isLogged: true }
      const { build } = anOrigin
      await tell(signingRequestId, {
        type: 'RecordOrigin',
        trustedBuildSystemId: claimedOrigin.trustedBuildSystemId,
        kind: 'appVeyor',
        proof: 'api',
        origin: {
          ...anOrigin,
          repository: { ...anOrigin.repository, ownerId: '17' },
          build: { ...build, url: 'https://ci.example.com/7', definition: 'build.yml', calledDefinition: 'shared.yml' },
          actors: [{ role: 'pusher', system: 'https://ci.example.com', id: '99', name: 'anna' }],
          node: { subject: 'CN=node-1', issuer: 'CN=Nodes', serialNumber: '0a', template: '1.2.3', rule: 'nodes' },
        },
        checks: [passedCheck('run', { run: 7 }), failedCheck('node', told, { node: 'node-1' })],
        evidence: [{ name: 'settings', mediaType: 'application/json', ...(await storeText(evidenceText)) }],
        peopleBehind: [],
      })
      await tell(signingRequestId, {
        type: 'RecordBuildData',
        artifact: { ...artifact, sha256: 'ad'.repeat(32) as Sha256Digest, size: artifact.size + 1 },
        repository: { type: 'git', url: anOrigin.repository.url, commitId: anOrigin.commitId },
        settings: { fileName: 'AppVeyorSettings.json', sha256: evidenceSha256 },
      })
      return signingRequestId
    },
  }
  return requests
}
