import fc from 'fast-check'
import { projectSlugStream, signingPolicySlugStream } from '../../application/slug-streams.ts'
import {
  type CertificateCommand,
  certificateDecider,
  type Decider,
  type DomainEvent,
  type EventMetadata,
  fold,
  type GroupCommand,
  type GroupId,
  globalRoles,
  groupDecider,
  type Instant,
  type KeyCommand,
  type KeyId,
  keyAlgorithms,
  keyDecider,
  type OrganizationCommand,
  type OrganizationId,
  organizationDecider,
  type ProjectCommand,
  type ProjectId,
  type ProjectSlugCommand,
  projectDecider,
  projectSlugDecider,
  Refusal,
  type SealedText,
  type Sha256Digest,
  type SigningPolicyCommand,
  type SigningPolicySettings,
  type SigningPolicySlugCommand,
  type SigningRequestCommand,
  signingPolicyDecider,
  signingPolicySlugDecider,
  signingRequestDecider,
  streams,
  type UserCommand,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import { type EventLog, prepareEvents, readWholeStream } from '../../event-log/index.ts'
import { aManifest, anArtifact, aPlan, aSubmission } from './submission.ts'

/** Three numbers that choose an entity, a command and its details. */
export type Move = readonly [entity: number, command: number, detail: number]

// Without fast-check's inclination to small numbers: it would leave most entities alone.
const anyNumber = fc.noBias(fc.nat())

/** Any history: whatever the deciders refuse does not happen. */
export const anyMoves = (maxLength: number): fc.Arbitrary<readonly Move[]> =>
  fc.array(fc.tuple(anyNumber, anyNumber, anyNumber), { minLength: Math.floor(maxLength / 2), maxLength, size: 'max' })

/** The organization of random histories. */
export const randomOrganization = uuid<OrganizationId>('0', 0)

type AnyDecider = Decider<unknown, unknown, DomainEvent>
type Aggregate = { readonly decider: AnyDecider; readonly stream: (id: string) => string }

const digest = (detail: number) => 'abcdef'.charAt(detail % 6).repeat(64) as Sha256Digest

function uuid<Id extends string>(kind: string, number: number): Id {
  return `${kind.repeat(8)}-0000-4000-8000-${String(number).padStart(12, '0')}` as Id
}

function pick<Item>(items: readonly Item[], number: number): Item {
  return items[number % items.length] as Item
}

/**
 * Lets moves happen: each is decided on its stream as it is, and appended.
 *
 * @param pace waits before each move, which it is given the number of
 */
export async function play(
  log: EventLog,
  moves: readonly Move[],
  pace: (move: number) => unknown = () => undefined,
): Promise<void> {
  const states = new Map<string, { state: unknown; revision: number | 'noStream' }>()
  let clock = Date.parse('2026-01-01T00:00:00.000Z')
  for (const [number, [entity, command, detail]] of moves.entries()) {
    await pace(number)
    clock += 1 + (detail % 5_000)
    const at = new Date(clock).toISOString()
    const metadata: EventMetadata = {
      schemaVersion: 1,
      organizationId: randomOrganization,
      actor:
        detail % 3 === 0
          ? { kind: 'system', component: 'workflow' }
          : {
              kind: 'user',
              userId: uuid('1', detail % 4),
              authentication: { method: 'apiToken', tokenId: uuid('7', detail % 4) },
            },
      ...(detail % 2 === 0 ? { remoteAddress: '192.0.2.1' } : {}),
      correlationId: uuid('8', clock % 1_000_000_007),
      causationId: uuid('9', clock % 1_000_000_007),
      occurredAt: at,
    }
    if (entity % 13 === 0) {
      await refusal(log, metadata, detail)
      continue
    }
    const { aggregate, id, commands } = choose(entity, detail, at)
    const streamId = aggregate.stream(id)
    const { state, revision } = states.get(streamId) ?? {
      state: aggregate.decider.initialState(),
      revision: 'noStream' as const,
    }
    // Three of four times the next command that may happen does; else the one that was chosen, or nothing.
    const tries = command % 4 === 0 ? 1 : commands.length
    let events: readonly DomainEvent[] = []
    for (let offset = 0; offset < tries && events.length === 0; offset += 1)
      events = decided(aggregate.decider, pick(commands, command + offset), state)
    if (events.length === 0) continue
    const appended = await log.append(streamId, prepareEvents(streamId, revision, events, metadata), revision)
    states.set(streamId, { state: events.reduce(aggregate.decider.evolve, state), revision: appended.revision })
  }
}

function decided(decider: AnyDecider, command: unknown, state: unknown): readonly DomainEvent[] {
  try {
    return decider.decide(command, state)
  } catch (error) {
    if (error instanceof Refusal) return []
    throw error
  }
}

async function refusal(log: EventLog, metadata: EventMetadata, detail: number): Promise<void> {
  const { occurredAt } = metadata
  const data = {
    schemaVersion: 1,
    code: 'TOKEN_INVALID',
    commands: ['authenticate'],
    subject: detail % 2 === 0 ? null : uuid('6', detail % 9),
    count: 1 + (detail % 4),
    firstAt: occurredAt,
    lastAt: occurredAt,
  }
  const streamId = streams.security(randomOrganization, occurredAt)
  const { revision } = await readWholeStream(log, streamId)
  const events = prepareEvents(streamId, revision, [{ type: 'CommandRefused', data }], metadata)
  await log.append(streamId, events, revision)
}

type Choice = { readonly aggregate: Aggregate; readonly id: string; readonly commands: readonly unknown[] }

function aggregate(decider: unknown, stream: (id: never) => string): Aggregate {
  return { decider, stream } as unknown as Aggregate
}

function choose(entity: number, detail: number, at: Instant): Choice {
  const number = detail % 4
  switch (entity % 10) {
    case 0:
      return {
        aggregate: aggregate(organizationDecider, streams.organization),
        id: randomOrganization,
        commands: organizationCommands,
      }
    case 5:
      return detail % 2 === 0 ? projectSlug(detail) : signingPolicySlug(detail)
    case 9:
      return {
        aggregate: aggregate(groupDecider, streams.group),
        id: uuid('6', detail % 3),
        commands: groupCommands(detail % 3, detail),
      }
    case 1:
      return {
        aggregate: aggregate(userDecider, streams.user),
        id: uuid('1', number),
        commands: userCommands(number, detail, at),
      }
    case 2:
      return {
        aggregate: aggregate(certificateDecider, streams.certificate),
        id: uuid('2', number),
        commands: certificateCommands(number, detail),
      }
    case 8:
      return {
        aggregate: aggregate(keyDecider, streams.key),
        id: uuid('8', number),
        commands: keyCommands(number, detail),
      }
    case 3:
      return {
        aggregate: aggregate(projectDecider, streams.project),
        id: uuid('3', number),
        commands: projectCommands(number, detail),
      }
    case 4:
      return {
        aggregate: aggregate(signingPolicyDecider, streams.signingPolicy),
        id: uuid('4', number),
        commands: policyCommands(number, detail),
      }
    default:
      return {
        aggregate: aggregate(signingRequestDecider, streams.signingRequest),
        id: uuid('5', detail % 12),
        commands: requestCommands(detail),
      }
  }
}

const organizationCommands: readonly OrganizationCommand[] = [
  { type: 'CreateOrganization', organizationId: randomOrganization, name: 'Random' },
]

function projectSlug(detail: number): Choice {
  const slug = `project-${detail % 20}`
  const command: ProjectSlugCommand = {
    type: 'ReserveProjectSlug',
    organizationId: randomOrganization,
    slug,
    projectId: uuid('3', detail % 4),
  }
  const stream = () => projectSlugStream(randomOrganization, slug)
  return { aggregate: aggregate(projectSlugDecider, stream), id: slug, commands: [command] }
}

function signingPolicySlug(detail: number): Choice {
  const slug = `policy-${detail % 9}`
  const projectId = uuid<ProjectId>('3', detail % 4)
  const command: SigningPolicySlugCommand = {
    type: 'ReserveSigningPolicySlug',
    projectId,
    slug,
    signingPolicyId: uuid('4', detail % 4),
  }
  const stream = () => signingPolicySlugStream(projectId, slug)
  return { aggregate: aggregate(signingPolicySlugDecider, stream), id: slug, commands: [command] }
}

/** What nobody here opens. */
function sealed(text: string): SealedText {
  return { algorithm: 'A256GCM', nonce: 'AAAAAAAAAAAAAAAA', ciphertext: Buffer.from(text).toString('base64') }
}

function userCommands(number: number, detail: number, at: Instant): readonly UserCommand[] {
  return [
    {
      type: 'CreateUser',
      userId: uuid('1', number),
      organizationId: randomOrganization,
      kind: pick(['interactive', 'ci'] as const, detail),
      name: sealed(`name ${number}`),
      email: detail % 2 === 0 ? null : sealed('email'),
    },
    { type: 'DeactivateUser', reason: 'left' },
    { type: 'ReactivateUser' },
    ...(detail % 5 === 0 ? [{ type: 'EraseUser' } as const] : []),
    { type: 'GrantGlobalRole', role: pick(globalRoles, detail) },
    { type: 'WithdrawGlobalRole', role: pick(globalRoles, detail) },
    {
      type: 'IssueApiToken',
      tokenId: uuid('7', detail % 3),
      name: 'token',
      tokenHash: digest(detail),
      prefix: 'abcd',
      expiresAt: null,
      at,
    },
    { type: 'RevokeApiToken', tokenId: uuid('7', detail % 3) },
  ]
}

function keyRequest(number: number, detail: number) {
  return {
    type: 'RequestKeyGeneration',
    keyId: uuid<KeyId>('8', number),
    organizationId: randomOrganization,
    name: `Key ${number}`,
    keyStore: pick(['default', 'second'], detail),
    algorithm: pick(keyAlgorithms, detail),
  } as const
}

function keyCommands(number: number, detail: number): readonly KeyCommand[] {
  const token = { label: 'random', serialNumber: '1', manufacturer: 'Random', model: 'Random' }
  const key = { publicKey: 'MAA=', token }
  return [
    keyRequest(number, detail),
    { ...keyRequest(number, detail), type: 'RequestKeyImport', publicKey: 'MAA=' },
    { type: 'RecordGenerated', key },
    { type: 'RecordImported', key },
    { type: 'DisableKey', reason: null },
  ]
}

function groupCommands(number: number, detail: number): readonly GroupCommand[] {
  const user = (offset: number) => uuid<UserId>('1', (detail + offset) % 4)
  return [
    {
      type: 'CreateGroup',
      groupId: uuid('6', number),
      organizationId: randomOrganization,
      name: `Group ${number}`,
      description: null,
      members: detail % 2 === 0 ? [] : [user(0), user(1)],
    },
    { type: 'ChangeGroupMembers', add: [user(0)], remove: [user(1)] },
    { type: 'ChangeGroupMembers', add: [], remove: [user(0), user(1)] },
    { type: 'DescribeGroup', name: `Group ${detail % 50}`, description: detail % 2 === 0 ? null : 'Ünïcödé' },
  ]
}

function certificateCommands(number: number, detail: number): readonly CertificateCommand[] {
  const validity = { notBefore: '2020-01-01T00:00:00.000Z', notAfter: '2090-01-01T00:00:00.000Z' }
  const keyRequested = keyDecider.decide(keyRequest(detail % 4, detail), keyDecider.initialState())
  return [
    {
      type: 'RequestCertificate',
      request: {
        certificateId: uuid('2', number),
        organizationId: randomOrganization,
        keyId: uuid('8', detail % 4),
        name: `Certificate ${number}`,
        renews: null,
        kind: 'selfSigned',
        subject: { commonName: 'Random' },
        ...validity,
      },
      key: fold(keyDecider, keyRequested),
      renewed: null,
    },
    {
      type: 'RecordIssued',
      issued: {
        format: 'x509',
        chain: ['MAA='],
        thumbprint: digest(detail),
        subject: 'CN=Random',
        issuer: 'CN=Random',
        serialNumber: '01',
        ...validity,
      },
    },
    { type: 'DisableCertificate', reason: null },
  ]
}

function projectCommands(number: number, detail: number): readonly ProjectCommand[] {
  return [
    {
      type: 'CreateProject',
      projectId: uuid('3', number),
      organizationId: randomOrganization,
      slug: `project-${number}`,
      name: `Project ${number}`,
      description: null,
      repositoryUrl: detail % 2 === 0 ? null : 'https://example.com/repository',
    },
    { type: 'DeactivateProject', reason: 'done' },
    { type: 'ReactivateProject' },
  ]
}

function policyCommands(number: number, detail: number): readonly SigningPolicyCommand[] {
  const certificateId = uuid('2', number) as SigningPolicySettings['certificateId']
  const certificate = { certificateId, kind: 'selfSigned', keyAlgorithm: 'ec-p256', name: 'Certificate' } as const
  const people = { submitters: [uuid<UserId>('1', 3)], approvers: [0, 1, 2].map((user) => uuid<UserId>('1', user)) }
  const group = { group: uuid<GroupId>('6', detail % 3) }
  const approvers = [...people.approvers.map((user) => ({ user })), ...(detail % 5 === 0 ? [group] : [])]
  const settings: SigningPolicySettings = {
    name: `Policy ${detail % 50}`,
    certificateId,
    submitters: [{ user: uuid('1', 3) }, ...(detail % 2 === 0 ? [group] : [])],
    approval:
      detail % 3 === 0
        ? null
        : { approvers, requiredApprovals: 1 + (detail % 3), submitterMayApprove: false, deadlineSeconds: null },
    timestamp: 'required',
    release: false,
    existingSignatures: ['replace', 'append', 'refuse'],
  }
  return [
    {
      type: 'CreateSigningPolicy',
      signingPolicyId: uuid('4', number),
      organizationId: randomOrganization,
      projectId: uuid('3', detail % 4),
      slug: `policy-${number}`,
      settings,
      certificate,
      people,
    },
    { type: 'ChangeSigningPolicy', settings, certificate, people },
    { type: 'DeactivateSigningPolicy', reason: null },
    { type: 'ReactivateSigningPolicy' },
  ]
}

function requestCommands(detail: number): readonly SigningRequestCommand[] {
  const people = [0, 1, 2].map((user) => uuid<UserId>('1', user))
  const group = uuid<GroupId>('6', detail % 3)
  const approvers = [{ group }, ...people.slice(0, 2).map((user) => ({ user }))]
  const submission = aSubmission({
    signingRequestId: uuid('5', detail % 12),
    organizationId: randomOrganization,
    projectId: uuid('3', detail % 4),
    signingPolicyId: uuid('4', detail % 4),
    certificateId: uuid('2', detail % 4),
    submitter: uuid('1', 3),
    approval:
      detail % 4 === 0
        ? null
        : { approvers, requiredApprovals: 1 + (detail % 2), submitterMayApprove: false, deadlineSeconds: 60 },
    description: detail % 2 === 0 ? null : 'Beschreibung\nmit "Zeichen" 👩‍🔧',
  })
  const planDigest = digest(0)
  const approver = pick(people, detail)
  const submit: SigningRequestCommand = { type: 'SubmitSigningRequest', submission }
  const retrieve: SigningRequestCommand = { type: 'RecordRetrieval', artifact: anArtifact }
  // Always the same moment, so that its deadline is known: a minute later, as the policy says.
  const plan: SigningRequestCommand = { type: 'RecordPlan', planDigest, ...aPlan, at: '2026-01-01T00:00:00.000Z' }
  const approve: SigningRequestCommand = { type: 'Approve', groups: [group], approver, planDigest, comment: 'fine' }
  const start: SigningRequestCommand = {
    type: 'StartSigning',
    planDigest,
    certificateId: submission.certificateId,
    certificateThumbprint: digest(detail),
    keyId: uuid('8', detail % 4),
  }
  const signed: SigningRequestCommand = {
    type: 'RecordSigned',
    attempt: 1 + (detail % 2),
    ...aManifest({ unsignedSha256: anArtifact.sha256, signedSha256: digest(1), signedSize: 9 }),
    signedArtifact: { fileName: 'setup.exe', sha256: digest(1), size: 9 },
  }
  return [
    // What leads on stands there more than once: most histories should get somewhere.
    ...[submit, submit, retrieve, retrieve, plan, plan, approve, approve, approve, start, start, signed, signed],
    { type: 'Deny', groups: [], approver, comment: null },
    { type: 'InvalidateApproval', approver, reason: pick(['userDeactivated', 'removedFromGroup'] as const, detail) },
    { type: 'ExpireApproval', deadline: '2026-01-01T00:01:00.000Z' },
    { type: 'Cancel', canceledBy: uuid('1', 3), reason: null },
    { type: 'Fail', workflowStatus: 'ProcessingFailed', failure: { code: 'X', message: 'y', path: null } },
  ]
}
