import { createHash, randomUUID } from 'node:crypto'

/** Which part of a list is asked for. */
export type PageArguments = { first?: number | null; after?: string | null }

/** An event of the stand-in's requests. */
export type StandInEvent = {
  type: string
  revision: number
  occurredAt: string
  actor: { kind: string; user: { userId: string; name: string } | null; component: string | null }
  data: Record<string, unknown>
}

/** A request of the stand-in: what GraphQL answers of it. Tests may change everything. */
export type StandInRequest = Record<string, unknown> & {
  signingRequestId: string
  workflowStatus: string
  history: StandInEvent[]
}

/** SHA-256, hexadecimal. */
export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A plan as GraphQL shows it: its head, and its pages of nodes. */
export function shownPlan(head: object, pages: readonly (readonly { readonly outcome: string }[])[]) {
  const isSigned = ({ outcome }: { readonly outcome: string }) => outcome === 'signed'
  const texts = pages.map((nodes) => nodes.map((node) => `${JSON.stringify(node)}\n`).join(''))
  const named = texts.map((text, index) => {
    const nodes = pages[index] ?? []
    return { entries: nodes.length, signed: nodes.filter(isSigned).length, size: text.length, sha256: sha256(text) }
  })
  const document = JSON.stringify({ ...head, pages: named })
  return {
    digest: sha256(document),
    plannerVersion: 1,
    fileCount: pages.flat().filter(isSigned).length,
    nodeCount: pages.flat().length,
    plannedAt: null,
    approvalDeadline: null,
    document,
    page: ({ index }: { readonly index: number }) => texts[index] ?? null,
  }
}

/** The key that the stand-in has. */
export const key = {
  keyId: 'f9b3f6c0-3d0f-4a3a-8d57-6f2f4c1b7a22',
  name: 'Test key',
  status: 'active',
  keyStore: 'hsm-2',
  algorithm: 'ec_p256',
  origin: 'imported',
  potentiallyExposed: true,
  deletion: null,
  label: 'countersign-f9b3f6c0-3d0f-4a3a-8d57-6f2f4c1b7a22',
  ckaId: 'f9b3f6c03d0f4a3a8d576f2f4c1b7a22',
  publicKey: 'MAA=',
  token: { label: 'release', serialNumber: '0042', manufacturer: 'HSM Ltd', model: 'H1' },
  certificates: () => [certificate],
  events: () =>
    page([
      event(0, 'KeyImportRequested', { keyStore: 'hsm-2' }, 'Ada'),
      event(1, 'KeyImported', { token: { label: 'release', serialNumber: '0042' } }, 'signer'),
    ]),
}

/** The certificate that the stand-in has. */
export const certificate = {
  certificateId: '7f1c54b2-5a0c-4b43-9d0e-0f6d2f1f3a11',
  name: 'Test certificate',
  kind: 'selfSigned',
  status: 'active',
  key: {
    keyId: key.keyId,
    keyStore: key.keyStore,
    algorithm: key.algorithm,
    potentiallyExposed: key.potentiallyExposed,
  },
  subject: 'CN=Test',
  issuer: 'CN=Test',
  serialNumber: '01',
  thumbprint: sha256('certificate'),
  notBefore: '2026-01-01T00:00:00.000Z',
  notAfter: '2036-01-01T00:00:00.000Z',
  signingPolicies: [],
  chain: [Buffer.from('certificate').toString('base64'), Buffer.from('issuer').toString('base64')],
}

const person = (name: string) => ({ userId: randomUUID(), name })
const named = (name: string) => ({ user: person(name), group: null })

/** The policy that it has. */
export const policy = {
  signingPolicyId: randomUUID(),
  slug: 'test-signing',
  name: 'Test signing',
  status: 'active',
  project: { slug: 'demo' },
  current: {
    version: 1,
    timestamp: 'required',
    release: false,
    existingSignatures: ['replace', 'append', 'refuse'],
    originVerification: null,
    hashSigningAllowed: false,
    certificate,
    submitters: [named('ci')],
    approval: {
      requiredApprovals: 2,
      approvers: [
        named('approver-1'),
        named('approver-2'),
        { user: null, group: { groupId: randomUUID(), name: 'Leads' } },
      ],
    },
  },
}

/** The project that it has. */
export const project = {
  projectId: randomUUID(),
  slug: 'demo',
  name: 'Demo',
  description: null,
  repositoryUrl: null,
  status: 'valid',
  signingPolicies: [policy],
}

/** A request that was submitted just now. */
export function newRequest(
  artifact: { fileName: string; sha256: string; size: number },
  submitter: string,
  description: string | null,
): StandInRequest {
  const signingRequestId = randomUUID()
  const source = { kind: 'uploadedFile', ...artifact, details: [] }
  return {
    signingRequestId,
    workflowStatus: 'Submitted',
    history: [event(0, 'SigningRequestSubmitted', { source }, submitter)],
    submittedAt: '2026-01-31T09:30:00.000Z',
    finishedAt: null,
    description,
    missingApprovals: 0,
    vouchedBy: null,
    project,
    signingPolicy: policy,
    signingPolicyVersion: 1,
    submitter: person(submitter),
    source,
    artifact,
    certificate,
    programDescription: 'Demo',
    programUrl: null,
    timestamp: 'required',
    existingSignatures: 'replace',
    build: null,
    demandedOrigin: null,
    origin: null,
    hashSigningAllowed: false,
    plan: null,
    approvalProcess: null,
    approvals: [],
    denial: null,
    cancellation: null,
    failure: null,
    waitingFor: null,
    attempts: [],
    manifest: null,
    signedArtifact: null,
    provenance: null,
    resubmittedFrom: null,
    resubmissions: { nodes: [] },
    signedArtifactLink: null,
    unsignedArtifactLink: `http://stand-in/Api/v1/x/SigningRequests/${signingRequestId}/UnsignedArtifact`,
  }
}

/** An event of a request: of the workflow, or of somebody. */
export function event(revision: number, type: string, data: Record<string, unknown>, by: string): StandInEvent {
  const isUser = by !== 'workflow'
  const actor = { kind: isUser ? 'user' : 'system', user: isUser ? person(by) : null, component: isUser ? null : by }
  return { type, revision, occurredAt: '2026-01-31T09:30:01.000Z', actor, data }
}

/** What people see of a workflow status. */
export function statusOf(workflowStatus: string) {
  const final = ['Completed', 'Denied', 'Canceled', 'ProcessingFailed', 'ArtifactRetrievalFailed']
  const failed = workflowStatus.endsWith('Failed')
  const own = ['WaitingForApproval', 'Completed', 'Denied', 'Canceled'].includes(workflowStatus)
  return {
    status: failed ? 'Failed' : own ? workflowStatus : 'InProgress',
    isFinalStatus: final.includes(workflowStatus),
  }
}

/** A connection whose cursors are places in the list. */
export function page<Item>(items: readonly Item[], first?: number | null, after?: string | null) {
  const start = after == null ? 0 : Number(after) + 1
  const nodes = items.slice(start, start + (first ?? 25))
  const endCursor = nodes.length === 0 ? null : String(start + nodes.length - 1)
  const hasNextPage = start + nodes.length < items.length
  return { nodes, pageInfo: { hasNextPage, hasPreviousPage: start > 0, startCursor: null, endCursor } }
}
