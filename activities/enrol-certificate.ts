import {
  type Certificate,
  type CertificateCommand,
  type CertificateId,
  certificateDecider,
  eventMetadata,
  fold,
  type Instant,
  keyDecider,
  Refusal,
  streams,
} from '../domain/index.ts'
import { appendDecided, type EventLog, prepareEvents, readNamedStream, readWholeStream } from '../event-log/index.ts'
import type { EstClient } from '../signing/est/index.ts'
import { SigningError } from '../signing/signing-error.ts'
import { chainOfIssued, issuedCertificate, namesOfCertificate, sameNames } from '../signing/x509/index.ts'
import { chainOf } from './signing-key.ts'

/** The EST servers that a worker knows, by name, and the roots (DER) that certificates of each may lead to. */
export type EstAuthorities = ReadonlyMap<
  string,
  { readonly client: EstClient; readonly trustedRoots: readonly Uint8Array[] }
>

/** What enrolling needs. */
export type EnrolmentDependencies = {
  readonly log: EventLog
  readonly estServers: EstAuthorities
  readonly now: () => Instant
}

/**
 * Has the EST server that a certificate names answer the certificate's request, when it has one, and installs what that
 * issued. Why it did not is recorded, once for each reason.
 *
 * @throws SigningError `EST_…`, `CHAIN_…`, `ISSUED_…`, `X509_…`; Refusal `CERTIFICATE_CONTINUITY`
 */
export async function enrolCertificate(
  dependencies: EnrolmentDependencies,
  { certificateId }: { readonly certificateId: CertificateId },
  signal?: AbortSignal,
): Promise<{ readonly isOver: boolean }> {
  const { log, now } = dependencies
  const state = await certificateOf(log, certificateId)
  const server = serverOf(state)
  if (server === undefined || state.signingRequest === null) return { isOver: true }
  try {
    const issued = await askServer(dependencies, state, server, signal)
    await record(log, state, now(), { type: 'InstallCertificate', issued, source: { by: 'est', server } })
    return { isOver: true }
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof SigningError || error instanceof Refusal)) throw error
    const { code, message } = error
    await record(log, state, now(), { type: 'RecordEnrolmentFailure', code, message })
    throw error
  }
}

async function askServer(
  { log, estServers, now }: EnrolmentDependencies,
  { keyId, signingRequest, issued }: Certificate,
  name: string,
  signal: AbortSignal | undefined,
) {
  const server = estServers.get(name)
  if (server === undefined)
    throw new SigningError(
      'EST_SERVER_NOT_CONFIGURED',
      `The worker does not know the EST server ${name}; it knows ${[...estServers.keys()].join(', ') || 'none'}.`,
    )
  const { client, trustedRoots } = server
  const key = fold(keyDecider, (await readNamedStream(log, streams.key(keyId))).events)
  const publicKey = Buffer.from((key.status === 'none' ? null : key.publicKey) ?? '', 'base64')
  const authorities = await client.authorities(signal)
  const request = Buffer.from(signingRequest ?? '', 'base64')
  const file = await client.enrol(request, issued === null ? 'first' : 'renewal', signal)
  const before = issued === null ? [] : chainOf(issued)
  const known = [...authorities, ...before.slice(1)]
  const chain = chainOfIssued({ file, publicKey, known, at: new Date(now()), trustedRoots }).map(({ der }) => der)
  const [was, is] = [before[0], chain[0]]
  if (was !== undefined && is !== undefined && !sameNames(namesOfCertificate(was), namesOfCertificate(is)))
    throw new SigningError(
      'EST_NAMES_CHANGED',
      `The EST server ${name} issued the next certificate for other names than the one before has.`,
    )
  return issuedCertificate(chain)
}

/** Records what came of it, unless the certificate has gone on without it meanwhile. */
async function record(log: EventLog, known: Certificate, at: Instant, command: CertificateCommand): Promise<void> {
  const { certificateId, organizationId, signingRequest } = known
  const streamId = streams.certificate(certificateId)
  const initiator = { actor: { kind: 'system', component: 'enrolment' }, callId: certificateId } as const
  const metadata = eventMetadata(initiator, { organizationId, correlationId: certificateId, occurredAt: at })
  await appendDecided(
    log,
    async () => {
      const { events, revision } = await readWholeStream(log, streamId)
      return { streamId, revision, state: fold(certificateDecider, events) }
    },
    ({ state, revision }) => {
      if (state.status === 'none' || state.signingRequest !== signingRequest) return []
      const isKnown = command.type === 'RecordEnrolmentFailure' && state.enrolmentFailure?.code === command.code
      return isKnown ? [] : prepareEvents(streamId, revision, certificateDecider.decide(command, state), metadata)
    },
  )
}

async function certificateOf(log: EventLog, certificateId: CertificateId): Promise<Certificate> {
  const state = fold(certificateDecider, (await readWholeStream(log, streams.certificate(certificateId))).events)
  if (state.status === 'none') throw new Refusal('CERTIFICATE_NOT_FOUND', `There is no certificate ${certificateId}.`)
  return state
}

function serverOf({ requested, status }: Certificate): string | undefined {
  if (requested.kind !== 'authority' || requested.enrolment.by !== 'est' || status === 'disabled') return undefined
  return requested.enrolment.server
}
