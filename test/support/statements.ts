import { createHash } from 'node:crypto'
import type {
  CertificateId,
  OrganizationId,
  ProjectId,
  Sha256Digest,
  SigningPolicyId,
  SigningRequestId,
  TrustedBuildSystemId,
} from '../../domain/index.ts'
import type { SigningKey } from '../../signing/signing-key.ts'
import {
  bundleDocument,
  envelopeDocument,
  type ProvenanceFacts,
  type Statement,
  signStatement,
  statementType,
  verificationSummaryType,
} from '../../statements/index.ts'

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex') as Sha256Digest

/** The bytes that {@link provenanceFacts} are about. */
export const signedBytes = 'signed program'

/** A commit of git. */
export const commitId = '9a04d1ee393b5be2773b1ce204f61fe0fd02366a'

/** What provenance of a build of GitHub is made from. */
export const provenanceFacts: ProvenanceFacts = {
  origin: {
    repository: { url: 'https://github.com/acme/app', id: '1296269', ownerId: '583231' },
    ref: { kind: 'branch', name: 'release/1.x' },
    commitId,
    build: {
      id: '30433642',
      url: 'https://github.com/acme/app/actions/runs/30433642',
      attempt: 1,
      definition: 'acme/app/.github/workflows/build.yml@refs/heads/release/1.x',
      calledDefinition: null,
      trigger: 'push',
      runners: 'hosted',
    },
    actors: [],
  },
  proof: 'api',
  trustedBuildSystem: { id: 'b0a3e3f1-6f3e-4b6e-9f0e-0d7f2f3b8c11' as TrustedBuildSystemId, kind: 'githubActions' },
  evidence: [{ name: 'run', mediaType: 'application/json', sha256: digestOf('run'), size: 4096 }],
  signing: {
    signingRequestId: '5b0d2f0a-3c9a-4f6b-8a55-6a1f0f6f2a01' as SigningRequestId,
    organizationId: '5b0d2f0a-3c9a-4f6b-8a55-6a1f0f6f2a02' as OrganizationId,
    projectId: '5b0d2f0a-3c9a-4f6b-8a55-6a1f0f6f2a03' as ProjectId,
    signingPolicyId: '5b0d2f0a-3c9a-4f6b-8a55-6a1f0f6f2a04' as SigningPolicyId,
    signingPolicyVersion: 3,
    certificateId: '5b0d2f0a-3c9a-4f6b-8a55-6a1f0f6f2a05' as CertificateId,
    certificateThumbprint: digestOf('certificate'),
    planDigest: digestOf('plan'),
    attempt: 1,
  },
  files: [{ path: ['app.exe'], unsignedSha256: digestOf('unsigned program'), signedSha256: digestOf(signedBytes) }],
  manifest: { sha256: digestOf('manifest') },
}

/** The documents of a statement that a key signed. */
export async function signedDocuments(key: SigningKey, statement: Statement) {
  const envelope = await signStatement(key, statement)
  return { envelope: envelopeDocument(envelope), bundle: bundleDocument(envelope, key.publicKey) }
}

/** A verification summary of {@link commitId} as a verifier states it, with members changed as a test needs it. */
export function sourceSummary(
  changes: {
    readonly predicate?: object
    readonly subject?: Statement['subject']
    readonly predicateType?: string
  } = {},
): Statement {
  return {
    _type: statementType,
    subject: changes.subject ?? [
      { uri: `https://github.com/acme/app/commit/${commitId}`, digest: { gitCommit: commitId } },
    ],
    predicateType: changes.predicateType ?? verificationSummaryType,
    predicate: {
      verifier: { id: 'https://verifier.example/source' },
      timeVerified: '2026-11-30T06:00:00Z',
      resourceUri: 'git+https://github.com/acme/app',
      policy: { uri: 'https://verifier.example/policy' },
      verificationResult: 'PASSED',
      verifiedLevels: ['SLSA_SOURCE_LEVEL_3', 'ORG_SOURCE_REVIEWED'],
      ...changes.predicate,
    },
  }
}
