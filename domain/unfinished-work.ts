import type { CertificateId, KeyId, SigningRequestId } from './ids.ts'
import { parseStreamName, type StreamKind } from './streams.ts'

/** What an event says of work that a workflow does: it began, or it is over. */
export type WorkChange = { readonly is: 'begun' | 'over' } & (
  | { readonly kind: 'signingRequest'; readonly id: SigningRequestId }
  | { readonly kind: 'key'; readonly id: KeyId }
  | { readonly kind: 'certificate'; readonly id: CertificateId }
)

/**
 * Raised by every change of what {@link workChange} says: what was found by an older version is found anew.
 */
export const unfinishedWorkVersion = 6

const changes: Readonly<Record<WorkChange['kind'], Readonly<Record<string, WorkChange['is'] | 'begunAgain'>>>> = {
  signingRequest: {
    SigningRequestSubmitted: 'begun',
    ApprovalDenied: 'over',
    ApprovalExpired: 'over',
    SigningRequestCanceled: 'over',
    SigningRequestCompleted: 'over',
    SigningRequestFailed: 'over',
  },
  key: {
    KeyGenerationRequested: 'begun',
    KeyGenerated: 'over',
    KeyImportRequested: 'begun',
    KeyImportPrepared: 'over',
    KeyImported: 'over',
    KeyDisabled: 'over',
    KeyDeletionConfirmed: 'begunAgain',
    KeyDestroyed: 'over',
  },
  certificate: {
    CertificateRequested: 'begun',
    CertificateRenewalRequested: 'begunAgain',
    CertificateExpiryChangeRequested: 'begunAgain',
    CertificateSigningRequestCreated: 'over',
    CertificateIssued: 'over',
    CertificateInstalled: 'over',
    CertificateDisabled: 'over',
  },
}

/**
 * What an event says of unfinished work, by its place and type alone: streams need not be folded for it, and events that
 * only another release knows change nothing. Of the types that begin a stream only the first event begins work, so nothing is begun twice.
 *
 * @returns `undefined` when it says nothing of it
 */
export function workChange(event: {
  readonly streamId: string
  readonly revision: number
  readonly type: string
}): WorkChange | undefined {
  const name = parseStreamName(event.streamId)
  if (name === undefined || !isWork(name.kind)) return undefined
  const ofKind = changes[name.kind]
  if (!Object.hasOwn(ofKind, event.type)) return undefined
  const told = ofKind[event.type]
  if (told === undefined || (told === 'begun' && event.revision !== 0)) return undefined
  const is = told === 'begunAgain' ? 'begun' : told
  return { kind: name.kind, id: name.id, is } as WorkChange
}

function isWork(kind: StreamKind): kind is WorkChange['kind'] {
  return Object.hasOwn(changes, kind)
}
