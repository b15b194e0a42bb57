import { type CertificateId, neverEnds, streams } from '../../../domain/index.ts'
import { issuedFacts } from '../issued-facts.ts'
import { fixedUuid } from '../submission.ts'
import { at, bySigner, byToken, byWorkflow, digest, id, inForm, keyDescription, storedKey } from './facts.ts'
import type { EventHistory } from './request-histories.ts'

const issued = {
  ...issuedFacts('CN=Acme,O=Acme Ltd,C=DE', at, '2027-03-01T12:00:00.000Z'),
  chain: [Buffer.from('a certificate').toString('base64')],
  thumbprint: digest('56'),
}

const openPgpKey = {
  format: 'openpgp',
  publicKey: Buffer.from('a key').toString('base64'),
  thumbprint: '56'.repeat(20),
  subject: 'Acme Releases <release@acme.example>',
  issuer: 'Acme Releases <release@acme.example>',
  serialNumber: '56'.repeat(8),
  notBefore: at,
  notAfter: neverEnds,
} as const

/** Histories of keys, and of certificates that come from everywhere. */
export const certificateHistories: readonly EventHistory[] = [
  {
    streamId: streams.key(id.key),
    events: [
      byToken('KeyGenerationRequested', { ...keyDescription(id.key) }),
      bySigner('KeyGenerated', { ...storedKey }),
      byToken('KeyDeletionRequested', {
        requestedBy: { userId: id.user, peopleBehind: [] },
        reason: 'Exposed',
        expiresAt: '2026-03-08T12:00:00.000Z',
      }),
      byToken('KeyDeletionWithdrawn', { reason: 'It was another one' }),
      byToken('KeyDeletionRequested', {
        requestedBy: { userId: id.user, peopleBehind: [] },
        reason: null,
        expiresAt: '2026-03-08T12:00:00.000Z',
      }),
      byToken('KeyDeletionConfirmed', { confirmedBy: { userId: id.approver, peopleBehind: [id.ciUser] } }),
      bySigner('KeyDestroyed', { wasInStore: true }),
    ],
  },
  {
    streamId: streams.key(id.importedKey),
    events: [
      byToken('KeyImportRequested', { ...keyDescription(id.importedKey), publicKey: storedKey.publicKey }),
      bySigner('KeyImportPrepared', { transportKey: storedKey.publicKey }),
      bySigner('KeyImported', { ...storedKey }),
      byToken('KeyDisabled', { reason: 'Exposed' }),
    ],
  },
  {
    streamId: streams.certificate(id.certificate),
    events: [
      byToken('CertificateRequested', {
        certificateId: id.certificate,
        organizationId: id.organization,
        name: 'Release',
        keyId: id.key,
        renews: fixedUuid<CertificateId>('f'),
        kind: 'selfSigned',
        subject: { commonName: 'Acme', organization: 'Acme Ltd', country: 'DE' },
        restrictions: { minimumApprovals: 2, originVerification: false, timestamp: true },
        renewBeforeHours: 24,
        notBefore: at,
        notAfter: '2027-03-01T12:00:00.000Z',
      }),
      bySigner('CertificateIssued', issued),
      byToken('CertificateDisabled', { reason: null }),
    ],
  },
  {
    streamId: streams.certificate(id.authorityCertificate),
    events: [
      byToken('CertificateRequested', {
        certificateId: id.authorityCertificate,
        organizationId: id.organization,
        name: 'Release',
        keyId: id.key,
        renews: null,
        kind: 'authority',
        subject: { commonName: 'Acme', organizationalUnit: 'Releases', locality: 'Bonn', state: 'NRW' },
        alternativeNames: [{ kind: 'email', value: 'release@example.org' }],
        restrictions: { minimumApprovals: 0, originVerification: false, timestamp: false },
        enrolment: { by: 'est', server: 'corporate', renewBeforeDays: 30 },
      }),
      bySigner('CertificateSigningRequestCreated', {
        format: 'pkcs10',
        request: Buffer.from('a request').toString('base64'),
      }),
      byWorkflow('CertificateEnrolmentFailed', { code: 'EST_PENDING', message: 'Somebody there must agree.' }),
      byWorkflow('CertificateInstalled', { ...issued, source: { by: 'est', server: 'corporate' } }),
      byToken('CertificateRestrictionsChanged', {
        restrictions: { minimumApprovals: 1, originVerification: true, timestamp: true },
      }),
      byToken('CertificateDisabled', { reason: 'looked at' }),
      byToken('CertificateEnabled', { reason: null }),
      byWorkflow('CertificateExpiryWarned', { days: 60, notAfter: issued.notAfter }),
      byWorkflow('CertificateRenewalRequested', {}),
      byWorkflow('CertificateExpired', { notAfter: issued.notAfter }),
    ],
  },
  {
    streamId: streams.certificate(id.importedCertificate),
    events: [
      byToken('CertificateRequested', {
        certificateId: id.importedCertificate,
        organizationId: id.organization,
        name: 'Imported',
        keyId: id.importedKey,
        renews: null,
        kind: 'imported',
        subject: { commonName: 'Acme' },
        restrictions: { minimumApprovals: 0, originVerification: false, timestamp: false },
        certificate: issued,
      }),
      bySigner('CertificateInstalled', { ...issued, source: { by: 'import' } }),
    ],
  },
  {
    streamId: streams.certificate(id.openPgpKey),
    events: [
      inForm(
        2,
        byToken('CertificateRequested', {
          certificateId: id.openPgpKey,
          organizationId: id.organization,
          name: 'Downloads',
          keyId: id.key,
          renews: null,
          kind: 'openPgp',
          userId: 'Acme Releases <release@acme.example>',
          createdAt: at,
          expiresAt: '2027-03-01T12:00:00.000Z',
          restrictions: { minimumApprovals: 0, originVerification: false, timestamp: false },
        }),
      ),
      inForm(2, bySigner('CertificateIssued', { ...openPgpKey, notAfter: '2027-03-01T12:00:00.000Z' })),
      byToken('CertificateExpiryChangeRequested', { expiresAt: null }),
      inForm(2, bySigner('CertificateIssued', openPgpKey)),
    ],
  },
]
