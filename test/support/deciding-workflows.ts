import { randomUUID } from 'node:crypto'
import {
  type CertificateId,
  type CertificateState,
  certificateDecider,
  type Decider,
  type DomainEvent,
  eventMetadata,
  fold,
  type Initiator,
  type Instant,
  type IssuedCertificate,
  type KeyId,
  keyDecider,
  neverEnds,
  type OrganizationId,
  type SigningRequestCommand,
  type SigningRequestId,
  signingRequestDecider,
  streams,
} from '../../domain/index.ts'
import {
  type Appended,
  type EventLog,
  EventLogError,
  type LogPosition,
  prepareEvents,
  type RecordedEvent,
  readWholeStream,
} from '../../event-log/index.ts'
import type { Workflows } from '../../workflows/port.ts'
import { issuedFacts } from './issued-facts.ts'

/** What happens to a request when a part of the service acts. */
export type Tell = (signingRequestId: SigningRequestId, command: SigningRequestCommand) => Promise<Appended>

/**
 * The workflows' side of the use cases without Temporal: a change is decided and appended at once, and nothing goes on
 * by itself; `tell` says what the worker and the signer would.
 */
export function decidingWorkflows(
  log: EventLog,
  organizationId: OrganizationId,
  now: () => Instant,
): { readonly workflows: Workflows; readonly tell: Tell } {
  async function change<State, Command, Event extends DomainEvent>(
    streamId: string,
    decider: Decider<State, Command, Event>,
    command: Command,
    initiator: Initiator,
  ): Promise<Appended> {
    const metadata = eventMetadata(initiator, { organizationId, correlationId: streamId, occurredAt: now() })
    for (;;) {
      const { events, revision } = await readWholeStream(log, streamId)
      const decided = decider.decide(command, fold(decider, events))
      try {
        return await log.append(streamId, prepareEvents(streamId, revision, decided, metadata), revision)
      } catch (error) {
        if (!(error instanceof EventLogError && error.code === 'EVENT_LOG_WRONG_EXPECTED_REVISION')) throw error
      }
    }
  }

  const system = (component: string) => ({ actor: { kind: 'system', component } as const, callId: randomUUID() })
  const tell: Tell = (id, command) =>
    change(streams.signingRequest(id), signingRequestDecider, command, system('workflow'))

  return {
    tell,
    workflows: {
      submit: (id, { command, initiator }) =>
        change(streams.signingRequest(id), signingRequestDecider, command, initiator),
      submitAndFollow: async (id, { command, initiator }) => {
        const { position } = await change(streams.signingRequest(id), signingRequestDecider, command, initiator)
        return { position, workflowStatus: 'Submitted', signedArtifact: null, failure: null }
      },
      change: (id, { command, initiator }) =>
        change(streams.signingRequest(id), signingRequestDecider, command, initiator),
      resume: async () => 'refreshed',
      runningRequests: async () => new Set(),
      isAtWork: async () => true,
      generateKey: async (id: KeyId) => {
        const { state, position } = await keyInLog(log, id)
        if (state.status !== 'none' && state.deletion !== null) {
          const destroyed = { type: 'RecordDestroyed', wasInStore: true } as const
          return change(streams.key(id), keyDecider, destroyed, system('signer'))
        }
        if (state.status !== 'none' && state.origin === 'imported') {
          if (state.transportKey !== null || state.status !== 'requested') return { position }
          const prepared = { type: 'RecordImportPrepared', transportKey: 'MAA=' } as const
          return change(streams.key(id), keyDecider, prepared, system('signer'))
        }
        const key = { publicKey: 'MAA=', token }
        return change(streams.key(id), keyDecider, { type: 'RecordGenerated', key }, system('signer'))
      },
      importKey: async (id: KeyId) => {
        const { state, position } = await keyInLog(log, id)
        if (state.status === 'active') return { position }
        const key = { publicKey: (state.status === 'none' ? null : state.publicKey) ?? 'MAA=', token }
        return change(streams.key(id), keyDecider, { type: 'RecordImported', key }, system('signer'))
      },
      resumeKey: async () => undefined,
      issueCertificate: async (id: CertificateId) => {
        const { events } = await readWholeStream(log, streams.certificate(id))
        const state = fold(certificateDecider, events)
        if (state.status !== 'none' && state.kind === 'imported') {
          const { state: key } = await keyInLog(log, state.keyId)
          if (key.status !== 'active' || state.status !== 'requested') return { position: lastPosition(events) }
          return change(streams.certificate(id), certificateDecider, { type: 'RecordImported' }, system('signer'))
        }
        const made =
          state.status !== 'none' && state.kind === 'authority'
            ? ({ type: 'RecordSigningRequest', request: 'MAA=' } as const)
            : ({ type: 'RecordIssued', issued: issuedFor(state) } as const)
        return change(streams.certificate(id), certificateDecider, made, system('signer'))
      },
      resumeCertificate: async () => undefined,
      enrolCertificate: async () => undefined,
      assertReachable: async () => undefined,
    },
  }
}

const issued = issuedFacts('CN=Test', '2020-01-01T00:00:00.000Z', '2090-01-01T00:00:00.000Z')

/** What the signer would have made of a certificate's kind. */
function issuedFor(state: CertificateState): IssuedCertificate {
  if (state.status === 'none' || state.requested.kind !== 'openPgp') return issued
  const { userId: subject, createdAt: notBefore, expiresAt } = state.requested
  const named = { subject, issuer: subject, thumbprint: 'ab'.repeat(20), serialNumber: 'ab'.repeat(8) }
  return { format: 'openpgp', publicKey: 'MAA=', ...named, notBefore, notAfter: expiresAt ?? neverEnds }
}

const token = { label: 'test', serialNumber: '1', manufacturer: 'test', model: 'test' }

async function keyInLog(log: EventLog, id: KeyId) {
  const { events } = await readWholeStream(log, streams.key(id))
  return { state: fold(keyDecider, events), position: lastPosition(events) }
}

function lastPosition(events: readonly RecordedEvent[]): LogPosition {
  const last = events.at(-1)
  if (last === undefined) throw new Error('The stream is empty.')
  return last.position
}
