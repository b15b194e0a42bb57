import { randomUUID } from 'node:crypto'
import type { SealedKey } from '../../activities/contract.ts'
import { generateKey } from '../../activities/generate-key.ts'
import { importKey } from '../../activities/import-key.ts'
import type { SignerDependencies } from '../../activities/index.ts'
import { issueCertificate } from '../../activities/issue-certificate.ts'
import { planRequest } from '../../activities/plan-signing.ts'
import { issueApiToken } from '../../application/api-tokens.ts'
import { createSelfSignedCertificate } from '../../application/create-certificate.ts'
import { createProject } from '../../application/create-project.ts'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import { createUser } from '../../application/create-user.ts'
import { createGroup } from '../../application/groups.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { createOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import { createTrustedBuildSystem } from '../../application/trusted-build-systems.ts'
import type { ArtifactStore, Uploads } from '../../artifacts/index.ts'
import {
  type Actor,
  type ApiTokenId,
  type ApprovalProcess,
  type CertificateId,
  defaultKeyStore,
  type ExistingSignatureTreatment,
  eventMetadata,
  fold,
  type GroupId,
  type KeyAlgorithm,
  type KeyId,
  type OrganizationId,
  type ProjectId,
  type RecordOrigin,
  type Sha256Digest,
  type SigningPolicyId,
  type SigningRequest,
  type SigningRequestCommand,
  type SigningRequestId,
  type SourceSummaryRule,
  type Submission,
  signingPolicyDecider,
  signingRequestDecider,
  streams,
  type TrustedBuildSystemKind,
  trustedBuildSystemDecider,
  type UserActor,
  type UserId,
  uploadedFile,
  type Voucher,
} from '../../domain/index.ts'
import { type EventLog, prepareEvents, readWholeStream } from '../../event-log/index.ts'
import type { Persons } from '../../persons/index.ts'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import type { OpenTokenOptions, Token } from '../../signing/pkcs11/index.ts'
import type { Sources } from '../../sources/index.ts'
import { appendRaw } from './append-raw.ts'
import { testPersons } from './persons.ts'
import { administratorsInLog } from './submitters-in-log.ts'
import type { TestBuilds } from './test-builds.ts'
import { openTestSigner, type TestSignerOptions } from './test-signer.ts'

/** An organization with a project, a policy that wants two of three people, and a certificate, on real parts. */
export type TestOrganization = {
  readonly folder: string
  readonly log: EventLog
  /** The same log, where what is appended gets no signature. */
  readonly stored: EventLog
  readonly store: ArtifactStore
  readonly uploads: Uploads
  /** The kinds of sources of the service, and those of the test. */
  readonly sources: Sources
  /** The connectors of the service, which may call 127.0.0.1. */
  readonly asking: TestBuilds
  /** With the keys of the users' names. */
  readonly persons: Persons
  readonly signer: SignerDependencies
  /** The token behind the key store `default`. */
  readonly token: Token
  /** How it is opened. */
  readonly tokenOptions: OpenTokenOptions
  readonly setup: Setup
  readonly certificateId: CertificateId
  readonly projectId: ProjectId
  readonly signingPolicyId: SigningPolicyId
  readonly submitter: UserId
  readonly approvers: readonly [UserId, UserId, UserId]
  /** The groups that the policy names, when it was made so: of the submitter, of all approvers, of the first approver. */
  readonly groups: Readonly<Record<'submitters' | 'approvers' | 'leads', GroupId>> | undefined
  /** API tokens of the users. */
  readonly tokens: ReadonlyMap<UserId, string>
  /** The ids of these tokens. */
  readonly tokenIds: ReadonlyMap<UserId, ApiTokenId>
  /** The root of the time-stamp authority, PEM file. */
  readonly timeStampRoot: string
  /** Appends what happens to a request on a command, as its workflow would. */
  readonly tell: (signingRequestId: SigningRequestId, command: SigningRequestCommand, by?: UserId) => Promise<void>
  readonly request: (signingRequestId: SigningRequestId) => Promise<SigningRequest>
  /** Submits a program, whose bytes are in the store. */
  readonly retrievedRequest: (
    program?: Uint8Array,
    existingSignatures?: ExistingSignatureTreatment,
    submission?: TestSubmission,
  ) => Promise<SigningRequestId>
  /** Submits a program and takes it to its plan. */
  readonly planned: (
    program?: Uint8Array,
    existingSignatures?: ExistingSignatureTreatment,
    /** With what came of its origin. */
    submission?: TestSubmission & { readonly origin?: RecordOrigin },
  ) => Promise<SigningRequest>
  /** The submitter's call, which the trusted build system vouches for, when the policy demands one. */
  readonly vouched: (UserActor & { readonly vouchedBy: Voucher }) | undefined
}

/** Who submits by what, where that is not the submitter by their token; and what the submission says otherwise. */
type TestSubmission = {
  readonly actor?: Actor
  readonly submitter?: UserId
  readonly changes?: Partial<Submission>
  /** What the artifact is called; default: `program.exe`. */
  readonly fileName?: string
}

/** Makes it; everything is gone when the running test has finished. */
export async function testOrganization(
  options: TestSignerOptions & {
    readonly approval?: Partial<ApprovalProcess> | null
    readonly notAfter?: string
    /** Of the key that the policy signs with; default: P-256. */
    readonly keyAlgorithm?: KeyAlgorithm
    readonly timestamp?: 'required' | 'none'
    /** Whether the policy names submitters and approvers through groups; else it names each user. */
    readonly throughGroups?: boolean
    /** What seals and reads names; default: keys in memory. */
    readonly persons?: Persons
    /** Whether the policy demands a trusted build system; the submitter is a CI user then, for whom one vouches, `custom` or of this kind. */
    readonly buildSystem?: true | TrustedBuildSystemKind
    /** That the policy verifies origins, of such branches; it demands a trusted build system then. */
    readonly allowedBranches?: readonly string[]
    /** What it demands besides of the source. */
    readonly sourceSummary?: SourceSummaryRule
    /** Whether the policy signs hashes, too; it demands no time-stamps then. */
    readonly hashSigning?: true
  } = {},
): Promise<TestOrganization> {
  const { persons = testPersons() } = options
  const parts = await openTestSigner(options)
  const { folder, now, stored, log, store, uploads, sources, asking, keyStores, tokenOptions, identity, signer } = parts

  const organizationId = randomUUID() as OrganizationId
  const setup = new Setup(organizationId)
  const dependencies = {
    log: signer.log,
    now,
    persons,
    workflows: keyWorkflows(signer),
  }
  await createOrganization(dependencies, setup, { name: 'Test' })
  const tokens = new Map<UserId, string>()
  const tokenIds = new Map<UserId, ApiTokenId>()
  const user = async (name: string, kind: 'interactive' | 'ci' = 'interactive') => {
    const { userId } = await createUser(dependencies, setup, { kind, name, email: null, roles: [] })
    const issued = await issueApiToken(dependencies, setup, { userId, name: 'test', expiresAt: null })
    tokens.set(userId, issued.token)
    tokenIds.set(userId, issued.tokenId)
    return userId
  }
  const submitter = await user('Submitter', options.buildSystem ? 'ci' : 'interactive')
  const approvers = [await user('Anna'), await user('Bert'), await user('Cora')] as const
  const { certificateId } = await createSelfSignedCertificate(dependencies, setup, {
    name: 'test',
    subject: { commonName: 'Countersign test' },
    key: { algorithm: options.keyAlgorithm ?? 'ec-p256' },
    notBefore: new Date(Date.now() - 60_000).toISOString(),
    notAfter: options.notAfter ?? new Date(Date.now() + 86_400_000).toISOString(),
  })
  const { projectId } = await createProject(dependencies, setup, {
    slug: 'test',
    name: 'Test project',
    description: null,
    repositoryUrl: 'https://example.org/test',
  })
  const buildSystem =
    options.buildSystem && (await linkedBuildSystem(dependencies, setup, { projectId, kind: options.buildSystem }))
  const vouched = buildSystem && {
    kind: 'user' as const,
    userId: submitter,
    authentication: { method: 'apiToken' as const, tokenId: tokenIds.get(submitter) as ApiTokenId },
    vouchedBy: buildSystem,
  }
  const group = async (...members: readonly UserId[]) =>
    (await createGroup(dependencies, setup, { name: 'Group', description: null, members })).groupId
  const groups =
    options.throughGroups === true
      ? { submitters: await group(submitter), approvers: await group(...approvers), leads: await group(approvers[0]) }
      : undefined
  const approval =
    options.approval === null
      ? null
      : {
          approvers:
            groups === undefined
              ? approvers.map((user) => ({ user }))
              : [{ group: groups.approvers }, { group: groups.leads }],
          requiredApprovals: 2,
          submitterMayApprove: false,
          deadlineSeconds: null,
          ...options.approval,
        }
  const withAdministrators = { ...dependencies, administrators: administratorsInLog(log) }
  const { signingPolicyId } = await createSigningPolicy(withAdministrators, setup, {
    projectId,
    slug: 'release',
    settings: {
      name: 'Release',
      certificateId,
      submitters: [groups === undefined ? { user: submitter } : { group: groups.submitters }],
      approval,
      timestamp: options.timestamp ?? (options.hashSigning ? 'none' : 'required'),
      release: false,
      existingSignatures: ['replace', 'append', 'refuse'],
      ...(options.buildSystem && { trustedBuildSystemRequired: true }),
      ...(options.allowedBranches && {
        originVerification: {
          allowedBranches: options.allowedBranches,
          ...(options.sourceSummary && { sourceSummary: options.sourceSummary }),
        },
      }),
      ...(options.hashSigning && { hashSigningAllowed: true }),
    },
  })

  async function tell(signingRequestId: SigningRequestId, command: SigningRequestCommand, by?: UserId): Promise<void> {
    const stream = streams.signingRequest(signingRequestId)
    const { events, revision } = await readWholeStream(log, stream)
    const decided = signingRequestDecider.decide(command, fold(signingRequestDecider, events))
    await appendRaw(log, stream, decided, revision, organizationId, by, by && tokenIds.get(by))
  }

  async function request(signingRequestId: SigningRequestId): Promise<SigningRequest> {
    const { events } = await readWholeStream(log, streams.signingRequest(signingRequestId))
    const state = fold(signingRequestDecider, events)
    if (state.workflowStatus === 'none') throw new Error('There is no such request')
    return state
  }

  async function retrievedRequest(
    program: Uint8Array = sampleProgram(),
    existingSignatures: ExistingSignatureTreatment = 'replace',
    submission: TestSubmission = {},
  ): Promise<SigningRequestId> {
    const signingRequestId = randomUUID() as SigningRequestId
    const { fileName = 'program.exe' } = submission
    const artifact = { fileName, ...(await store.put(oneChunk(program))) }
    const { events } = await readWholeStream(log, streams.signingPolicy(signingPolicyId))
    const policy = fold(signingPolicyDecider, events)
    const settings = policy.status === 'none' ? undefined : policy.versions.at(-1)
    if (policy.status === 'none' || settings === undefined) throw new Error('There is no policy')
    const submit = {
      type: 'SubmitSigningRequest',
      submission: {
        signingRequestId,
        organizationId,
        projectId,
        signingPolicyId,
        signingPolicyVersion: policy.versions.length,
        certificateId: settings.certificateId,
        approval: settings.approval,
        timestamp: settings.timestamp,
        existingSignatures,
        submitter: submission.submitter ?? submitter,
        description: null,
        source: uploadedFile(artifact),
        program: { description: 'Test project', descriptionUrl: 'https://example.org/test' },
        ...submission.changes,
      },
    } as const
    const actor = submission.actor ?? vouched
    if (actor === undefined) await tell(signingRequestId, submit)
    else {
      const decided = signingRequestDecider.decide(submit, signingRequestDecider.initialState())
      const metadata = eventMetadata({ actor, callId: signingRequestId }, { organizationId, occurredAt: now() })
      const stream = streams.signingRequest(signingRequestId)
      await log.append(stream, prepareEvents(stream, 'noStream', decided, metadata), 'noStream')
    }
    await tell(signingRequestId, { type: 'RecordRetrieval', artifact })
    return signingRequestId
  }

  async function planned(
    program?: Uint8Array,
    existingSignatures?: ExistingSignatureTreatment,
    submission: TestSubmission & { readonly origin?: RecordOrigin } = {},
  ): Promise<SigningRequest> {
    const signingRequestId = await retrievedRequest(program, existingSignatures, submission)
    if (submission.origin !== undefined) await tell(signingRequestId, submission.origin)
    const work = { signal: new AbortController().signal, progress: () => undefined }
    await tell(signingRequestId, await planRequest(signer, await request(signingRequestId), work))
    return request(signingRequestId)
  }

  return {
    folder,
    log,
    stored,
    store,
    uploads,
    sources,
    asking,
    persons,
    signer,
    token: await keyStores.open(defaultKeyStore),
    tokenOptions,
    setup,
    certificateId,
    projectId,
    signingPolicyId,
    submitter,
    approvers,
    groups,
    tokens,
    tokenIds,
    timeStampRoot: identity.rootCertificatePath,
    tell,
    request,
    retrievedRequest,
    planned,
    vouched,
  }
}

/** A build system that is linked to a project, as it vouches for calls by its token. */
async function linkedBuildSystem(
  dependencies: Pick<SignerDependencies, 'log' | 'now'>,
  setup: Setup,
  { projectId, kind }: { readonly projectId: ProjectId; readonly kind: true | TrustedBuildSystemKind },
): Promise<Voucher> {
  const facts = { slug: 'builds', name: 'Builds', description: null, kind: kind === true ? 'custom' : kind }
  const { trustedBuildSystemId, tokenId } = await createTrustedBuildSystem(dependencies, setup, facts)
  const stream = streams.trustedBuildSystem(trustedBuildSystemId)
  // Also of kinds that ask for settings: what such a link cannot do is tried, too.
  const link = { type: 'LinkProject', projectId, settings: {}, secrets: [] } as const
  await handleCommand(dependencies, setup, stream, trustedBuildSystemDecider, link)
  return { trustedBuildSystemId, proof: { method: 'token', tokenId }, node: null }
}

/** What makes keys and certificates at once, by the signer's activities without Temporal between. */
export function keyWorkflows(signer: SignerDependencies) {
  return {
    generateKey: (id: KeyId) => generateKey(signer, id),
    importKey: (id: KeyId, sealed: SealedKey) => importKey(signer, id, sealed),
    issueCertificate: (id: CertificateId) => issueCertificate(signer, id),
    enrolCertificate: async () => undefined,
  }
}

/** A digest that belongs to nothing. */
export const otherDigest = 'f'.repeat(64) as Sha256Digest

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
