import {
  type Artifact,
  type CertificateId,
  type MadeSignature,
  type OrganizationId,
  type PrincipalReference,
  type ProjectId,
  type Sha256Digest,
  type SignedFile,
  type SigningPolicyId,
  type SigningRequestId,
  type Submission,
  type UserId,
  uploadedFile,
  type VerifiedOrigin,
} from '../../domain/index.ts'

/** A UUID that is easy to recognise: every digit but the version's is taken from `digit`. */
export function fixedUuid<Id extends string>(digit: string): Id {
  const d = (length: number) => digit.repeat(length)
  return `${d(8)}-${d(4)}-4${d(3)}-8${d(3)}-${d(12)}` as Id
}

/** People of the tests of signing requests. */
export const people = {
  submitter: fixedUuid<UserId>('1'),
  anna: fixedUuid<UserId>('a'),
  bert: fixedUuid<UserId>('b'),
  cora: fixedUuid<UserId>('c'),
  stranger: fixedUuid<UserId>('9'),
} as const

/** The file of {@link aSubmission}. */
export const anArtifact: Artifact = { fileName: 'setup.exe', sha256: 'ab'.repeat(32) as Sha256Digest, size: 4096 }

/** References to users themselves, as policies name them. */
export function references(...users: readonly UserId[]): readonly PrincipalReference[] {
  return users.map((user) => ({ user }))
}

/** A submission to a policy that wants two of Anna, Bert and Cora; anything can be changed. */
export function aSubmission(changes: Partial<Submission> = {}): Submission {
  return {
    signingRequestId: fixedUuid<SigningRequestId>('2'),
    organizationId: fixedUuid<OrganizationId>('3'),
    projectId: fixedUuid<ProjectId>('4'),
    signingPolicyId: fixedUuid<SigningPolicyId>('5'),
    signingPolicyVersion: 1,
    certificateId: fixedUuid<CertificateId>('6'),
    approval: {
      approvers: references(people.anna, people.bert, people.cora),
      requiredApprovals: 2,
      submitterMayApprove: false,
      deadlineSeconds: null,
    },
    timestamp: 'required',
    existingSignatures: 'replace',
    submitter: people.submitter,
    description: null,
    source: uploadedFile(anArtifact),
    program: { description: null, descriptionUrl: null },
    ...changes,
  }
}

/** The origin of a build of the branch release/2.1. */
export const anOrigin: VerifiedOrigin = {
  repository: { url: 'git@git.example.org:team/program.git', id: '4711', ownerId: null },
  ref: { kind: 'branch', name: 'release/2.1' },
  commitId: 'ab'.repeat(20),
  build: {
    id: '7',
    url: null,
    attempt: 1,
    definition: null,
    calledDefinition: null,
    trigger: 'push',
    runners: 'hosted',
  },
  actors: [],
}

/** What a plan of one file has beside its digest. */
export const aPlan = {
  certificateThumbprint: 'ab'.repeat(32),
  planDocument: '0d'.repeat(32) as Sha256Digest,
  plannerVersion: 1,
  nodeCount: 1,
  fileCount: 1,
} as const

/** What signing the only file of an artifact gives beside the artifact itself. */
export function aManifest(
  file: Pick<SignedFile, 'unsignedSha256' | 'signedSha256' | 'signedSize'>,
  timestamp: MadeSignature['timestamp'] = null,
) {
  return {
    fileCount: 1,
    manifestDigest: '0e'.repeat(32) as Sha256Digest,
    manifestDocument: '0f'.repeat(32) as Sha256Digest,
    files: [{ node: 0, path: ['setup.exe'], ...file, signatures: [{ directive: 'authenticode-sign', timestamp }] }],
  }
}
