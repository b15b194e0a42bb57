import { createHash, randomUUID } from 'node:crypto'
import { readCertificateAndKey } from '../../activities/signing-key.ts'
import type { HashesInput } from '../../application/index.ts'
import { createHashPlan } from '../../artifacts/index.ts'
import {
  currentVersion,
  fold,
  type HashesToSign,
  hashDocument,
  hashesOf,
  retrieved,
  type SigningRequest,
  type SigningRequestId,
  type Submission,
  signingPolicyDecider,
  streams,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import type { TestOrganization } from './test-organization.ts'

/** The hash of a text, in base64. */
export function hashOf(text: string, algorithm = 'sha256'): string {
  return createHash(algorithm).update(text).digest('base64')
}

/** A payload of hashes for the P-256 key of the test organization. */
export function ecdsaHashes(count = 1): HashesInput {
  const hashes = Array.from({ length: count }, (_, index) => hashOf(`file ${index}`))
  const algorithm = { signatureAlgorithm: 'Ecdsa', rsaHashAlgorithm: null, ecdsaSignatureFormat: 'Asn1' } as const
  return { ...algorithm, hashes, metadata: '{"tool":"signtool"}' }
}

/** A submission of hashes to the policy of the organization, whatever that allows. */
export async function hashSubmission(
  { log, sources, setup, projectId, signingPolicyId, submitter }: TestOrganization,
  payload = ecdsaHashes(),
): Promise<Submission> {
  const { events } = await readWholeStream(log, streams.signingPolicy(signingPolicyId))
  const policy = fold(signingPolicyDecider, events)
  if (policy.status === 'none') throw new Error('There is no policy')
  const { version, settings } = currentVersion(policy)
  const { organizationId } = setup
  return {
    signingRequestId: randomUUID() as SigningRequestId,
    organizationId,
    projectId,
    signingPolicyId,
    signingPolicyVersion: version,
    certificateId: settings.certificateId,
    approval: settings.approval,
    timestamp: settings.timestamp,
    existingSignatures: 'replace',
    submitter,
    description: null,
    source: await sources.check({ kind: 'hashPayload', ...payload }, { organizationId, userId: submitter, projectId }),
    program: { description: null, descriptionUrl: null },
  }
}

/** Submits hashes as their workflow would, and takes them to their plan. */
export async function plannedHashes(organization: TestOrganization, payload = ecdsaHashes()): Promise<SigningRequest> {
  const { log, store, sources, signer, tell, request } = organization
  const submission = await hashSubmission(organization, payload)
  const { signingRequestId } = submission
  await tell(signingRequestId, { type: 'SubmitSigningRequest', submission })
  const artifact = await sources.retrieve(submission)
  await tell(signingRequestId, { type: 'RecordRetrieval', artifact })
  const { certificate, key } = await readCertificateAndKey(log, submission.certificateId, signer.now())
  const certificateThumbprint = certificate.issued.thumbprint
  const facts = {
    request: retrieved(await request(signingRequestId)),
    certificateThumbprint,
    keyAlgorithm: key.algorithm,
  }
  const {
    digest: planDigest,
    document: planDocument,
    ...counts
  } = await createHashPlan(facts, hashesOf(submission.source) as HashesToSign, store)
  const plan = { planDigest, planDocument, certificateThumbprint, ...counts, at: signer.now() }
  await tell(signingRequestId, { type: 'RecordPlan', ...plan })
  return request(signingRequestId)
}

/** The document of hashes that a source brings. */
export function documentOf({ source }: Pick<Submission, 'source'>): string {
  return hashDocument(hashesOf(source) as HashesToSign)
}
