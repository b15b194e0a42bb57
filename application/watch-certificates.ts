import {
  type Certificate,
  type CertificateEvent,
  type CertificateId,
  certificateDecider,
  eventMetadata,
  expiryEventAt,
  fold,
  type Instant,
  nextExpiryMoment,
  renewalMoment,
  streams,
} from '../domain/index.ts'
import { appendDecided, type EventLog, prepareEvents, readWholeStream } from '../event-log/index.ts'
import type { Workflows } from '../workflows/port.ts'

/** What watching certificates needs. */
export type WatchDependencies = {
  readonly log: EventLog
  readonly workflows: Pick<Workflows, 'resumeCertificate' | 'enrolCertificate'>
  readonly now: () => Instant
  /** Called when a certificate could not be looked at; it is looked at again in the next round. */
  readonly onError: (error: unknown, certificateId: CertificateId) => void
}

/** Watches certificates' ends. */
export type CertificateWatch = {
  /** One round: looks at those that may have something due. May be called every minute. */
  readonly look: (certificates: ReadonlySet<CertificateId>) => Promise<void>
}

/** A certificate is looked at this often at least: it may have been enabled, or renewed, in between. */
const longestRestMs = 60 * 60_000

/**
 * Watches certificates: tells in the log when their ends come near and pass, asks for the next one of those that renew
 * themselves, and has requests taken to EST servers that nobody takes there. Every worker does so: what one has recorded
 * the others find in the log.
 */
export function openCertificateWatch(dependencies: WatchDependencies): CertificateWatch {
  const { log, workflows, now, onError } = dependencies
  const next = new Map<CertificateId, Instant>()

  async function lookAt(certificateId: CertificateId): Promise<void> {
    const at = now()
    const { known, appended } = await tellWhatIsDue(log, certificateId, at)
    if (appended !== undefined) return lookAt(certificateId)
    const { state } = known
    const latest = new Date(Date.parse(at) + longestRestMs).toISOString()
    next.set(certificateId, state.status === 'none' ? latest : nextMoment(state, latest))
    if (state.status === 'none') return
    if (state.renewal.requested && state.signingRequest === null) await workflows.resumeCertificate(certificateId)
    if (waitsForServer(state)) await workflows.enrolCertificate(certificateId)
  }

  return {
    async look(certificates) {
      for (const certificateId of certificates) {
        if ((next.get(certificateId) ?? '') > now()) continue
        try {
          await lookAt(certificateId)
        } catch (error) {
          onError(error, certificateId)
        }
      }
    },
  }
}

async function tellWhatIsDue(log: EventLog, certificateId: CertificateId, at: Instant) {
  const streamId = streams.certificate(certificateId)
  const initiator = { actor: { kind: 'system', component: 'certificateWatch' }, callId: certificateId } as const
  return appendDecided(
    log,
    async () => {
      const { events, revision } = await readWholeStream(log, streamId)
      return { streamId, revision, state: fold(certificateDecider, events) }
    },
    ({ state, revision }) => {
      if (state.status === 'none') return []
      const due = dueEvents(state, at)
      const { organizationId } = state
      const metadata = eventMetadata(initiator, { organizationId, correlationId: certificateId, occurredAt: at })
      return due.length === 0 ? [] : prepareEvents(streamId, revision, due, metadata)
    },
  )
}

function dueEvents(certificate: Certificate, at: Instant): readonly CertificateEvent[] {
  const renewal = renewalMoment(certificate)
  return [
    ...(expiryEventAt(certificate, at) === undefined
      ? []
      : certificateDecider.decide({ type: 'RecordExpiry', at }, certificate)),
    ...(renewal !== undefined && renewal <= at
      ? certificateDecider.decide({ type: 'RequestRenewal' }, certificate)
      : []),
  ]
}

function nextMoment(certificate: Certificate, latest: Instant): Instant {
  const moments = [latest, nextExpiryMoment(certificate), renewalMoment(certificate)]
  const [first = latest] = moments.filter((moment) => moment !== undefined).toSorted()
  return first
}

function waitsForServer({ requested, signingRequest, status }: Certificate): boolean {
  if (requested.kind !== 'authority' || requested.enrolment.by !== 'est') return false
  return signingRequest !== null && status !== 'disabled'
}
