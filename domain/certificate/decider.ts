import { parseAlternativeNames, parseSubject } from '../certificate-names.ts'
import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
import type { KeyState } from '../key/index.ts'
import { Refusal } from '../refusal.ts'
import { parseName, parseText } from '../text.ts'
import type {
  CertificateEvent,
  CertificateRequest,
  InstallationSource,
  IssuedCertificate,
  IssuedX509Certificate,
} from './events.ts'
import { expiryEventAt } from './expiry.ts'
import {
  parseUserId,
  requireContinuity,
  requireKey,
  requireKeyValidity,
  requireRenewable,
  requireValidity,
} from './requirements.ts'
import {
  type CertificateRestrictions,
  type DemandedOfRequests,
  parseRestrictions,
  requireRestrictionsMet,
} from './restrictions.ts'
import { type Certificate, type CertificateState, evolveCertificate } from './state.ts'

/** A policy that uses a certificate, and what it demands. */
export type PolicyOfCertificate = { readonly name: string } & DemandedOfRequests

/** What can be asked of a certificate. */
export type CertificateCommand =
  | {
      readonly type: 'RequestCertificate'
      readonly request: CertificateRequest
      /** The key that the request names. It need not be made yet. */
      readonly key: KeyState
      /** The certificate that it is to succeed; `null` when the request names none. */
      readonly renewed: CertificateState | null
    }
  | { readonly type: 'RequestRenewal' }
  | { readonly type: 'ChangeKeyExpiry'; readonly expiresAt: Instant | null }
  | { readonly type: 'RecordSigningRequest'; readonly request: string }
  | { readonly type: 'RecordIssued'; readonly issued: IssuedCertificate }
  | { readonly type: 'RecordImported' }
  | { readonly type: 'InstallCertificate'; readonly issued: IssuedX509Certificate; readonly source: InstallationSource }
  | { readonly type: 'RecordEnrolmentFailure'; readonly code: string; readonly message: string }
  | {
      readonly type: 'ChangeRestrictions'
      readonly restrictions: CertificateRestrictions
      /** Every active policy that uses the certificate. */
      readonly policies: readonly PolicyOfCertificate[]
    }
  | { readonly type: 'DisableCertificate'; readonly reason: string | null }
  | { readonly type: 'EnableCertificate'; readonly reason: string | null }
  | { readonly type: 'RecordExpiry'; readonly at: Instant }

/**
 * Certificate: asked for, for a key; issued by the key itself or an authority; renewed with the same names and key; disabled
 * and enabled.
 *
 * Refuses with `CERTIFICATE_EXISTS`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_STATE`, `CERTIFICATE_VALIDITY`,
 * `CERTIFICATE_NOT_ISSUED`, `CERTIFICATE_DISABLED`, `CERTIFICATE_ENABLED`, `CERTIFICATE_RENEWAL_PERIOD`,
 * `CERTIFICATE_RENEWAL_REQUESTED`, `CERTIFICATE_IMPORTED`, `CERTIFICATE_CONTINUITY`, `CERTIFICATE_RESTRICTIONS_INVALID`,
 * `CERTIFICATE_RESTRICTIONS_UNMET`, `CERTIFICATE_EXPIRY_NOT_DUE`, `CERTIFICATE_FAILURE_KNOWN`, `EST_SERVER_NAME_MALFORMED`, `ALTERNATIVE_NAME_MALFORMED`, `KEY_NOT_FOUND`,
 * `KEY_DISABLED`, `KEY_UNDER_DELETION`, `KEY_DESTROYED`, `USER_ID_MALFORMED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const certificateDecider: Decider<CertificateState, CertificateCommand, CertificateEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: [
    'CertificateRequested',
    'CertificateRenewalRequested',
    'CertificateExpiryChangeRequested',
    'CertificateSigningRequestCreated',
    'CertificateIssued',
    'CertificateInstalled',
    'CertificateEnrolmentFailed',
    'CertificateRestrictionsChanged',
    'CertificateDisabled',
    'CertificateEnabled',
    'CertificateExpiryWarned',
    'CertificateExpired',
  ],
  schemaVersions: { CertificateRequested: 2, CertificateIssued: 2 },

  decide(command, state) {
    if (command.type === 'RequestCertificate') {
      if (state.status !== 'none') throw new Refusal('CERTIFICATE_EXISTS', 'A certificate with this id exists already.')
      const { request } = command
      requireValidity(request)
      requireKey(request, command.key)
      if (request.renews !== null) requireRenewable(request, command.renewed)
      const common = {
        schemaVersion: request.kind === 'openPgp' ? 2 : 1,
        name: parseName(request.name, "The certificate's name"),
        restrictions: restrictionsOf(request.kind, request.restrictions),
      }
      return [{ type: 'CertificateRequested', data: { ...request, ...common, ...namesOf(request) } }]
    }
    if (state.status === 'none') throw new Refusal('CERTIFICATE_NOT_FOUND', 'There is no such certificate.')
    switch (command.type) {
      case 'RequestRenewal':
        requireIssued(state)
        requireStatus(state, 'active')
        if (state.kind === 'imported')
          throw new Refusal(
            'CERTIFICATE_IMPORTED',
            `The key of ${state.name} was outside of a key store, and may be in other hands. Ask for a certificate with a new key that succeeds it.`,
          )
        if (state.renewal.requested)
          throw new Refusal(
            'CERTIFICATE_RENEWAL_REQUESTED',
            `The next certificate of ${state.name} was asked for already.`,
          )
        if (state.kind === 'openPgp')
          throw stateRefusal(state, 'to be an X.509 certificate; an OpenPGP key gets another end instead')
        return [{ type: 'CertificateRenewalRequested', data: { schemaVersion: 1 } }]
      case 'ChangeKeyExpiry': {
        requireIssued(state)
        requireStatus(state, 'active')
        if (state.requested.kind !== 'openPgp') throw stateRefusal(state, 'to be an OpenPGP key')
        if (state.renewal.requested)
          throw new Refusal(
            'CERTIFICATE_RENEWAL_REQUESTED',
            `Another end of ${state.name} was asked for already, and is on its way.`,
          )
        const { expiresAt } = command
        requireKeyValidity(state.requested.createdAt, expiresAt)
        return [{ type: 'CertificateExpiryChangeRequested', data: { schemaVersion: 1, expiresAt } }]
      }
      case 'RecordSigningRequest':
        requireAsked(state, 'authority')
        return [
          {
            type: 'CertificateSigningRequestCreated',
            data: { schemaVersion: 1, format: 'pkcs10', request: command.request },
          },
        ]
      case 'RecordIssued':
        requireAsked(state, command.issued.format === 'openpgp' ? 'openPgp' : 'selfSigned')
        if (state.issued !== null) requireContinuity(state, state.issued, command.issued)
        return [
          {
            type: 'CertificateIssued',
            data: { schemaVersion: command.issued.format === 'openpgp' ? 2 : 1, ...command.issued },
          },
        ]
      case 'RecordImported': {
        const { requested } = state
        if (requested.kind !== 'imported' || state.status !== 'requested')
          throw stateRefusal(state, 'to be one that waits for its key to be brought in')
        const source = { by: 'import' } as const
        return [{ type: 'CertificateInstalled', data: { schemaVersion: 1, ...requested.certificate, source } }]
      }
      case 'InstallCertificate': {
        requireAwaiting(state)
        const { issued, source } = command
        if (state.issued !== null) requireContinuity(state, state.issued, issued)
        return [{ type: 'CertificateInstalled', data: { schemaVersion: 1, ...issued, source } }]
      }
      case 'RecordEnrolmentFailure': {
        requireAwaiting(state)
        const { code, message } = command
        if (state.enrolmentFailure?.code === code)
          throw new Refusal('CERTIFICATE_FAILURE_KNOWN', `It is known that ${state.name} waits for ${code}.`)
        return [{ type: 'CertificateEnrolmentFailed', data: { schemaVersion: 1, code, message } }]
      }
      case 'ChangeRestrictions': {
        const restrictions = restrictionsOf(state.kind, command.restrictions)
        for (const policy of command.policies)
          requireRestrictionsMet({ name: state.name, restrictions }, policy, `the signing policy ${policy.name}`)
        return [{ type: 'CertificateRestrictionsChanged', data: { schemaVersion: 1, restrictions } }]
      }
      case 'DisableCertificate':
        if (state.status === 'disabled')
          throw new Refusal('CERTIFICATE_DISABLED', `The certificate ${state.name} is disabled already.`)
        return [
          { type: 'CertificateDisabled', data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') } },
        ]
      case 'EnableCertificate':
        if (state.status !== 'disabled')
          throw new Refusal('CERTIFICATE_ENABLED', `The certificate ${state.name} is not disabled.`)
        // Its request may never have been made: what is wanted then is a new one.
        requireIssued(state)
        return [
          { type: 'CertificateEnabled', data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') } },
        ]
      case 'RecordExpiry': {
        const event = expiryEventAt(state, command.at)
        if (event === undefined)
          throw new Refusal(
            'CERTIFICATE_EXPIRY_NOT_DUE',
            `There is nothing to say of the end of the certificate ${state.name} at ${command.at}.`,
          )
        return [event]
      }
    }
  },

  evolve: evolveCertificate,
}

/**
 * Refuses a certificate that waits for nothing that an authority issues.
 *
 * @throws Refusal `CERTIFICATE_STATE`
 */
export function requireAwaiting(state: Certificate): void {
  if (state.signingRequest === null) throw stateRefusal(state, 'to have a request that was not answered')
  requireStatus(state, 'awaitingIssuance', 'active')
}

/** Of an OpenPGP key no policy can demand time-stamps: its signatures carry none. */
function restrictionsOf(
  kind: CertificateRequest['kind'],
  restrictions: CertificateRestrictions,
): CertificateRestrictions {
  if (kind === 'openPgp' && restrictions.timestamp)
    throw new Refusal(
      'CERTIFICATE_RESTRICTIONS_INVALID',
      'Signatures by an OpenPGP key carry no time-stamps, so its policies cannot have to demand them.',
    )
  return parseRestrictions(restrictions)
}

/** The names that a certificate is to have, checked; one that exists has those that it has. */
function namesOf(request: CertificateRequest) {
  if (request.kind === 'openPgp') return { userId: parseUserId(request.userId) }
  if (request.kind === 'imported') return { subject: request.subject }
  const subject = parseSubject(request.subject)
  if (request.kind === 'selfSigned') return { subject }
  return { subject, ...{ alternativeNames: parseAlternativeNames(request.alternativeNames) } }
}

function requireIssued({ issued, name }: Certificate): void {
  if (issued === null)
    throw new Refusal('CERTIFICATE_NOT_ISSUED', `The certificate ${name} was never issued; ask for another one.`)
}

function requireStatus(state: Certificate, ...statuses: readonly Certificate['status'][]): void {
  if (!statuses.includes(state.status)) throw stateRefusal(state, `to be ${statuses.join(' or ')}`)
}

/** The signer may use the key once for each time that something was asked for. */
function requireAsked(state: Certificate, kind: CertificateRequest['kind']): void {
  const isAsked = state.status === 'requested' || (state.status === 'active' && state.renewal.requested)
  if (state.kind !== kind || !isAsked || state.signingRequest !== null)
    throw stateRefusal(state, `to be one of the kind ${kind} that was asked for`)
}

function stateRefusal({ name, status, kind }: Certificate, needed: string): Refusal {
  return new Refusal('CERTIFICATE_STATE', `The certificate ${name} is ${status} (${kind}); this needs it ${needed}.`, {
    status,
  })
}
