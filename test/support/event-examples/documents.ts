import { type ArtifactStore, storeDocument, storeManifest, withComposedPlan } from '../../../artifacts/index.ts'
import type { ExistingSignature, PlanNodeContent, SigningManifest, SigningPlan } from '../../../domain/index.ts'
import { archiveTree, signedWithoutKey } from '../plan-tree.ts'
import { artifact, at, digest, id } from './facts.ts'
import { exampleRequest, type StoredDocuments } from './request-histories.ts'

const existing: ExistingSignature = {
  outcome: 'kept',
  place: 'certificate table',
  depth: 0,
  sha256: digest('ef'),
  kind: 'signature',
  signer: 'CN=Somebody',
  issuer: 'CN=Authority',
  serialNumber: '0b',
  digestAlgorithm: 'sha256',
  integrity: 'intact',
  timestamp: { kind: 'rfc3161', time: at, authority: 'CN=Time-stamp authority', integrity: 'intact', uncovered: [] },
  uncovered: [],
}

const plan: SigningPlan = {
  kind: 'signingPlan',
  schemaVersion: 1,
  plannerVersion: 1,
  signingRequestId: exampleRequest,
  projectId: id.project,
  signingPolicyId: id.policy,
  signingPolicyVersion: 2,
  certificateId: id.certificate,
  certificateThumbprint: digest('56'),
  timestamp: 'required',
}

/** Stores a plan and a manifest of every form that their entries have. */
export async function storeExampleDocuments(store: ArtifactStore, folder: string): Promise<StoredDocuments> {
  const planned = await withComposedPlan(plan, nodes(), { folder }, (composed) => storeDocument(store, composed))
  const describe = (): SigningManifest => ({
    kind: 'signingManifest',
    schemaVersion: 1,
    signingRequestId: exampleRequest,
    attempt: 1,
    planDigest: planned.digest,
    certificateThumbprint: digest('56'),
    signedArtifact: { ...artifact, sha256: digest('cd'), size: 5_010_000 },
  })
  const { digest: manifestDigest, document } = await storeManifest(store, describe, signedWithoutKey(nodes()), {
    folder,
  })
  return { plan: planned, manifest: { digest: manifestDigest, document } }
}

function* nodes(): Generator<PlanNodeContent> {
  for (const node of archiveTree({ archives: 2, programsEach: 2 }))
    yield node.kind === 'file' && node.outcome === 'signed' ? { ...node, existingSignatures: [existing] } : node
}
