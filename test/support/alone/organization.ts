import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { authoriseSigning } from '../../../activities/authorise-signing.ts'
import { handleCommand } from '../../../application/handle-command.ts'
import type { Caller, Handled } from '../../../application/index.ts'
import {
  type CertificateId,
  type ChangeProposalFacts,
  type ChangeProposalId,
  certificateDecider,
  type DomainEvent,
  eventMetadata,
  fold,
  type GlobalRole,
  type GroupId,
  type KeyId,
  keyDecider,
  type ProjectId,
  Refusal,
  type Sha256Digest,
  type SigningPolicyId,
  type SigningPolicySettings,
  type SigningRequestId,
  signingPolicyDecider,
  signingRequestDecider,
  streams,
  type UserId,
  unrestricted,
} from '../../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../../event-log/index.ts'
import { createSelfSignedCertificate, issuedCertificate } from '../../../signing/x509/index.ts'
import { softwareKey } from '../software-key.ts'
import { type TestApplication, testApplication, uploaded } from '../test-application.ts'

/** Who may be alone: what roles one person has. */
export const attackers = {
  'a Regular User': [],
  'a Global Reader': ['globalReader'],
  'a Project Administrator': ['projectAdministrator'],
  'a User Administrator': ['userAdministrator'],
  'a Certificate Administrator': ['certificateAdministrator'],
  'one with every role below Global Administrator': [
    'globalReader',
    'projectAdministrator',
    'userAdministrator',
    'certificateAdministrator',
  ],
  'a Global Administrator': ['globalAdministrator'],
} as const satisfies Readonly<Record<string, readonly GlobalRole[]>>

/** A signing policy of the organization. */
export type PolicyName = 'release' | 'tryout' | 'retired' | 'shelved'

/** An organization that controls changes of its rules, and one person in it who wants a release signed by nobody else. */
export type AttackedOrganization = {
  readonly test: TestApplication
  /** The one person, whom the release policy lets submit and approve. */
  readonly me: Caller
  /** A CI user for whom that person is responsible, who may submit and approve as well, and has the same roles as far as it can. */
  readonly robot: Caller
  /** Further accounts of that person, which may nothing yet. */
  readonly socks: readonly [Caller, Caller]
  /** Other Global Administrators. */
  readonly bob: Caller
  readonly cleo: Caller
  readonly gus: Caller
  /** Other approvers. */
  readonly dora: Caller
  readonly emil: Caller
  /** A CI user of Dora's that may approve. */
  readonly doraRobot: Caller
  /** An approver who has left, and whose token the one person holds. */
  readonly former: Caller
  /** The group of approvers. */
  readonly approvers: GroupId
  readonly projectId: ProjectId
  /** A project that was put out of use; of it is the policy `shelved`. */
  readonly shelvedProjectId: ProjectId
  /** `release` needs two approvals; the others none: `tryout` has a certificate of its own, `retired` is out of use. */
  readonly policies: Readonly<Record<PolicyName, SigningPolicyId>>
  readonly releaseCertificate: CertificateId
  /** The settings of a policy as they are now. */
  readonly settings: (policy: PolicyName) => Promise<SigningPolicySettings>
  /** Submits to a policy, and takes it to its plan. */
  readonly submit: (by: Caller, policy?: PolicyName | 'own') => Promise<SigningRequestId>
  /** The three steps of that. */
  readonly submitOnly: AttackedOrganization['submit']
  readonly retrieve: (id: SigningRequestId) => Promise<void>
  readonly plan: (id: SigningRequestId) => Promise<void>
  readonly approve: (by: Caller, id: SigningRequestId) => Promise<unknown>
  /** What the signer makes of a request: `authorised`, or why not. */
  readonly askSigner: (id: SigningRequestId) => Promise<string>
  /** Appends events to the end of a stream as somebody, or a part of the service, as who has the key of an API process can. */
  readonly force: (
    streamId: string,
    events: readonly object[],
    by: Caller | string,
    changeProposalId?: ChangeProposalId,
    occurredAt?: string,
  ) => Promise<void>
  /** Forces a change, its approvals and what it proposes into the log. */
  readonly forceChange: (change: ForcedChange) => Promise<void>
}

/** A change that nobody was asked about. */
export type ForcedChange = {
  readonly target: string
  readonly events: readonly object[]
  readonly by: Caller | string
  readonly approvedBy: readonly Caller[]
  readonly facts?: Partial<ChangeProposalFacts>
  readonly approvedAt?: string
  /** Events of the proposal's stream before the approvals. */
  readonly before?: readonly object[]
}

/** An event's data in its first form. */
export const event = (type: string, data: object = {}) => ({ type, data: { schemaVersion: 1, ...data } })

/** What became of an attempt: `proposed`, `done`, or the code of its refusal. */
export async function outcome(attempt: Promise<unknown>): Promise<string> {
  try {
    const { changeProposalId } = ((await attempt) ?? {}) as Partial<Handled>
    return changeProposalId === undefined ? 'done' : 'proposed'
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

/** The change that was proposed. */
export async function proposed(attempt: Promise<Handled>): Promise<ChangeProposalId> {
  const { changeProposalId } = await attempt
  if (changeProposalId === undefined) throw new Error('It was not proposed, but done.')
  return changeProposalId
}

/** Makes the organization. @param requiredApprovals of changes, besides their author's; 0: changes are not controlled */
export async function attackedOrganization(
  roles: readonly GlobalRole[],
  requiredApprovals = 1,
): Promise<AttackedOrganization> {
  const test = await testApplication()
  const { application, dependencies, setup } = test
  const { log } = dependencies
  const { organizationId } = setup
  const ciUser = async (name: string, responsible: UserId, ...held: readonly GlobalRole[]) => {
    const { userId } = await application.createCiUser(setup, { name, responsible })
    for (const role of held) await application.grantGlobalRole(setup, { userId, role })
    const { token } = await application.issueApiToken(setup, { userId, name: 'test', expiresAt: null })
    return application.authenticate({ apiToken: token }, '192.0.2.1')
  }
  const me = await test.user('Mallory', ...roles)
  const robot = await ciUser('Robot', me.userId, ...roles.filter((role) => role !== 'globalAdministrator'))
  const socks = [await test.user('Sock'), await test.user('Other sock')] as const
  const [bob, cleo] = [await test.user('Bob', 'globalAdministrator'), await test.user('Cleo', 'globalAdministrator')]
  // So that changes can need two approvals.
  const gus = await test.user('Gus', 'globalAdministrator')
  const [dora, emil, former] = [await test.user('Dora'), await test.user('Emil'), await test.user('Former')]
  const doraRobot = await ciUser('Robot of Dora', dora.userId)
  const members = [me, robot, dora, emil, doraRobot, former].map(({ userId }) => userId)
  const group = { name: 'Release approvers', description: null, members }
  const { groupId: approvers } = await application.createGroup(setup, group)

  const project = (slug: string) =>
    application.createProject(setup, { slug, name: slug, description: null, repositoryUrl: null })
  const { projectId } = await project('tool')
  const { projectId: shelvedProjectId } = await project('shelved')
  const [releaseCertificate, testCertificate] = [await certificate('release'), await certificate('test')]
  const policy = async (slug: PolicyName, certificateId: CertificateId, quorum: number, of = projectId) => {
    const approval = {
      approvers: [{ group: approvers }],
      requiredApprovals: quorum,
      submitterMayApprove: false,
      deadlineSeconds: null,
    }
    const settings = {
      name: slug,
      certificateId,
      submitters: [me, robot, dora].map(({ userId: user }) => ({ user })),
      approval: quorum === 0 ? null : approval,
      timestamp: 'none',
      release: false,
      existingSignatures: ['replace'],
    } as const
    return (await application.createSigningPolicy(setup, { projectId: of, slug, settings })).signingPolicyId
  }
  const policies = {
    release: await policy('release', releaseCertificate, 2),
    tryout: await policy('tryout', testCertificate, 0),
    retired: await policy('retired', releaseCertificate, 0),
    shelved: await policy('shelved', releaseCertificate, 0, shelvedProjectId),
  }
  await application.deactivateSigningPolicy(setup, { signingPolicyId: policies.retired, reason: null })
  await application.deactivateProject(setup, { projectId: shelvedProjectId, reason: null })
  await application.deactivateUser(setup, { userId: former.userId, reason: null })
  if (requiredApprovals > 0)
    await application.changeChangeControl(bob, { changeControl: { requiredApprovals, lifetimeSeconds: 86_400 } })

  async function certificate(name: string): Promise<CertificateId> {
    const [keyId, certificateId] = [randomUUID() as KeyId, randomUUID() as CertificateId]
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const key = softwareKey('ec-p256', privateKey)
    const validity = { notBefore: '2020-01-01T00:00:00.000Z', notAfter: '2090-01-01T00:00:00.000Z' }
    const tellKey = (command: Parameters<typeof keyDecider.decide>[0]) =>
      handleCommand(dependencies, setup, streams.key(keyId), keyDecider, command)
    const common = { keyId, organizationId, name, keyStore: 'default', algorithm: 'ec-p256' } as const
    await tellKey({ type: 'RequestKeyGeneration', ...common })
    const publicKey = Buffer.from(key.publicKey).toString('base64')
    const token = { label: 'x', serialNumber: '1', manufacturer: 'x', model: 'x' }
    await tellKey({ type: 'RecordGenerated', key: { publicKey, token } })
    const subject = { commonName: name }
    const request = {
      ...{ certificateId, organizationId, name, keyId, renews: null, subject, restrictions: unrestricted },
      kind: 'selfSigned',
      ...validity,
      renewBeforeHours: null,
    } as const
    const { events } = await readWholeStream(log, streams.key(keyId))
    const tell = (command: Parameters<typeof certificateDecider.decide>[0]) =>
      handleCommand(dependencies, setup, streams.certificate(certificateId), certificateDecider, command)
    await tell({ type: 'RequestCertificate', request, key: fold(keyDecider, events), renewed: null })
    const dates = { notBefore: new Date(validity.notBefore), notAfter: new Date(validity.notAfter) }
    const der = await createSelfSignedCertificate({ key, subject, ...dates })
    await tell({ type: 'RecordIssued', issued: issuedCertificate([der]) })
    return certificateId
  }

  async function settings(name: PolicyName): Promise<SigningPolicySettings> {
    const { events } = await readWholeStream(log, streams.signingPolicy(policies[name]))
    const state = fold(signingPolicyDecider, events)
    const newest = state.status === 'none' ? undefined : state.versions.at(-1)
    if (newest === undefined) throw new Error('There is no such policy.')
    return newest
  }

  async function request(id: SigningRequestId) {
    const state = fold(signingRequestDecider, (await readWholeStream(log, streams.signingRequest(id))).events)
    if (state.workflowStatus === 'none') throw new Error('There is no such request.')
    return state
  }

  async function submit(by: Caller, signingPolicy: PolicyName | 'own' = 'release'): Promise<SigningRequestId> {
    const id = await submitOnly(by, signingPolicy)
    await retrieve(id)
    await plan(id)
    return id
  }

  async function submitOnly(by: Caller, signingPolicy: PolicyName | 'own' = 'release'): Promise<SigningRequestId> {
    const { uploadId } = await application.uploadArtifact(by, { fileName: 'setup.exe', bytes: bytes() })
    const { signingRequestId: id } = await application.submitSigningRequest(by, {
      project: signingPolicy === 'shelved' ? 'shelved' : 'tool',
      signingPolicy,
      source: uploaded(uploadId),
      description: null,
    })
    return id
  }

  async function retrieve(id: SigningRequestId): Promise<void> {
    const { source } = await request(id)
    const artifact = { fileName: 'setup.exe', sha256: source.sha256 ?? digest, size: source.size ?? 1 }
    await test.tell(id, { type: 'RecordRetrieval', artifact })
  }

  async function plan(id: SigningRequestId): Promise<void> {
    const { certificateId } = await request(id)
    const state = fold(certificateDecider, (await readWholeStream(log, streams.certificate(certificateId))).events)
    const certificateThumbprint = state.status === 'none' ? '' : (state.issued?.thumbprint ?? '')
    const made = { planDigest: digest, planDocument: digest, certificateThumbprint, plannerVersion: 1 }
    await test.tell(id, { type: 'RecordPlan', ...made, nodeCount: 1, fileCount: 1, at: test.clock.now })
  }

  async function force(
    streamId: string,
    events: readonly object[],
    by: Caller | string,
    changeProposalId?: ChangeProposalId,
    occurredAt = test.clock.now,
  ): Promise<void> {
    const { revision } = await readWholeStream(log, streamId)
    const actor =
      typeof by === 'string'
        ? ({ kind: 'system', component: by } as const)
        : ({ kind: 'user', userId: by.userId, authentication: by.authentication } as const)
    const about = { organizationId, occurredAt, ...(changeProposalId && { changeProposalId }) }
    const metadata = eventMetadata({ actor, callId: randomUUID() }, about)
    await log.append(streamId, prepareEvents(streamId, revision, events as readonly DomainEvent[], metadata), revision)
  }

  return {
    ...{
      test,
      me,
      robot,
      socks,
      bob,
      cleo,
      gus,
      dora,
      emil,
      doraRobot,
      former,
      approvers,
      projectId,
      shelvedProjectId,
    },
    ...{ policies, releaseCertificate, settings, submit, submitOnly, retrieve, plan, force },
    approve: (by, signingRequestId) =>
      application.approveSigningRequest(by, { signingRequestId, planDigest: digest, comment: null }),

    async askSigner(id) {
      const { kind } = await authoriseSigning({ log, now: dependencies.now }, id).catch((error: { code?: string }) => {
        if (error.code === undefined) throw error
        return { kind: error.code }
      })
      return kind
    },

    async forceChange({ target, events, by, approvedBy, facts = {}, approvedAt, before = [] }) {
      const changeProposalId = randomUUID() as ChangeProposalId
      const { revision } = await readWholeStream(log, target)
      const proposal = event('ChangeProposed', {
        ...{ changeProposalId, organizationId, target, events, requiredApprovals, permission: 'administerUsers' },
        baseRevision: revision === 'noStream' ? null : revision,
        author: typeof by === 'string' ? null : by.userId,
        expiresAt: '2099-01-01T00:00:00.000Z',
        ...facts,
      })
      const stream = streams.changeProposal(changeProposalId)
      await force(stream, [proposal, ...before], by)
      for (const approver of approvedBy) {
        const approval = event('ChangeApproved', { approver: approver.userId, comment: null })
        await force(stream, [approval], approver, undefined, approvedAt)
      }
      await force(target, events, by, changeProposalId, approvedAt)
    },
  }
}

const digest = 'd1'.repeat(32) as Sha256Digest

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('a program')
}
