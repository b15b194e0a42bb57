import { createHash } from 'node:crypto'
import {
  type AlternativeName,
  armored,
  type CertificateId,
  type CertificateIdentity,
  type CertificateRequest,
  type CertificateRestrictions,
  chainOfCertificate,
  type Enrolment,
  neverEnds,
} from '../domain/index.ts'
import type { CertificateView, SigningPolicyView } from '../projections/index.ts'
import { builder } from './builder.ts'
import { EntityRef } from './entity.ts'
import { AlternativeNameKindRef, CertificateKindRef, CertificateStatusRef, EnrolmentWayRef } from './enums.ts'
import { CertificateRef, KeyRef, SigningPolicyRef } from './refs.ts'

const RestrictionsRef = builder.objectRef<CertificateRestrictions>('CertificateRestrictions').implement({
  description: 'What every signing policy that uses the certificate must demand.',
  fields: (t) => ({
    minimumApprovals: t.exposeInt('minimumApprovals', { description: '0: approval is not demanded.' }),
    originVerification: t.exposeBoolean('originVerification'),
    timestamp: t.exposeBoolean('timestamp'),
  }),
})

const AlternativeNameRef = builder.objectRef<AlternativeName>('AlternativeName').implement({
  description: "Another name of a certificate's subject (RFC 5280 §4.2.1.6).",
  fields: (t) => ({
    kind: t.expose('kind', { type: AlternativeNameKindRef }),
    value: t.exposeString('value'),
  }),
})

const EnrolmentRef = builder.objectRef<Enrolment>('Enrolment').implement({
  description: 'How a certificate comes from its authority.',
  fields: (t) => ({
    by: t.expose('by', { type: EnrolmentWayRef }),
    server: t.string({
      nullable: true,
      description: "The EST server's name in the configuration.",
      resolve: (enrolment) => (enrolment.by === 'est' ? enrolment.server : null),
    }),
    renewBeforeDays: t.int({
      nullable: true,
      description: 'So many days before its end the certificate is renewed.',
      resolve: (enrolment) => (enrolment.by === 'est' ? enrolment.renewBeforeDays : null),
    }),
  }),
})

const EnrolmentFailureRef = builder
  .objectRef<NonNullable<CertificateView['enrolmentFailure']>>('EnrolmentFailure')
  .implement({
    description: 'Why an EST server has not issued yet. It is asked again.',
    fields: (t) => ({ code: t.exposeString('code'), message: t.exposeString('message') }),
  })

const IdentityRef = builder.objectRef<CertificateIdentity>('CertificateIdentity').implement({
  description: 'What updaters, installers and platforms see of a certificate.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'SHA-256 of its SubjectPublicKeyInfo, hexadecimal.' }),
    issuingKey: t.exposeString('issuingKey', { description: "The same of the issuing authority's key." }),
    extendedKeyUsages: t.stringList({ resolve: ({ extendedKeyUsages }) => [...extendedKeyUsages] }),
    publicKeyToken: t.exposeString('publicKeyToken', {
      nullable: true,
      description: 'What ClickOnce manifests name the key by. Null for keys that are not RSA.',
    }),
    appxPublisher: t.exposeString('appxPublisher', {
      description: 'What the manifest of an APPX or MSIX package must name as its publisher.',
    }),
  }),
})

CertificateRef.implement({
  description: 'A certificate for a key in a key store.',
  interfaces: [EntityRef],
  fields: (t) => ({
    certificateId: t.exposeID('certificateId', { description: 'UUID.' }),
    name: t.exposeString('name'),
    kind: t.expose('kind', { type: CertificateKindRef }),
    status: t.expose('status', { type: CertificateStatusRef }),
    key: t.field({ type: KeyRef, nullable: true, resolve: ({ keyId }) => keyId }),
    renews: t.field({
      type: CertificateRef,
      nullable: true,
      description: 'The certificate that it succeeds, with the same key or another. Null for the first of a line.',
      resolve: ({ renews }) => renews,
    }),
    commonName: t.string({
      description: 'Of an OpenPGP key its user id.',
      resolve: ({ requested }) => (requested.kind === 'openPgp' ? requested.userId : requested.subject.commonName),
    }),
    subject: t.string({
      nullable: true,
      description: 'RFC 4514 text. Null, as all below, until the certificate was issued.',
      resolve: ({ issued }) => issued?.subject ?? null,
    }),
    issuer: t.string({ nullable: true, resolve: ({ issued }) => issued?.issuer ?? null }),
    serialNumber: t.string({ nullable: true, resolve: ({ issued }) => issued?.serialNumber ?? null }),
    restrictions: t.expose('restrictions', { type: RestrictionsRef }),
    alternativeNames: t.field({
      type: [AlternativeNameRef],
      description: 'As asked for.',
      resolve: ({ requested }) => (requested.kind === 'authority' ? [...requested.alternativeNames] : []),
    }),
    enrolment: t.field({
      type: EnrolmentRef,
      nullable: true,
      description: 'Null for a self-signed one, and one that was imported.',
      resolve: ({ requested }) => (requested.kind === 'authority' ? requested.enrolment : null),
    }),
    enrolmentFailure: t.expose('enrolmentFailure', { type: EnrolmentFailureRef, nullable: true }),
    renewBeforeHours: t.int({
      nullable: true,
      description: 'So many hours before its end it is renewed by itself. Null: it is not.',
      resolve: ({ renewal }) => renewal.beforeHours,
    }),
    renewalRequested: t.boolean({
      description: 'Whether the next certificate was asked for, and is not there yet.',
      resolve: ({ renewal }) => renewal.requested,
    }),
    signingRequest: t.string({
      nullable: true,
      description:
        'The request that the authority has to answer, as PEM (PKCS #10). Null when none waits for an answer.',
      resolve: ({ signingRequest }) => (signingRequest === null ? null : asPem(signingRequest, 'CERTIFICATE REQUEST')),
    }),
    identity: t.field({
      type: IdentityRef,
      nullable: true,
      description: 'Null of an OpenPGP key.',
      resolve: ({ issued }) => (issued?.format === 'x509' ? issued.identity : null),
    }),
    openPgpKey: t.string({
      nullable: true,
      description:
        'Of an OpenPGP key its public half with all self-signatures, in ASCII armor: what people import who verify. Null of others.',
      resolve: ({ issued }) =>
        issued?.format === 'openpgp' ? armored(issued.publicKey, 'PGP PUBLIC KEY BLOCK') : null,
    }),
    signingPolicies: t.loadableList({
      type: SigningPolicyRef,
      description: 'The policies whose version in force uses the certificate, by slug.',
      load: async (ids: CertificateId[], { readModel, caller }): Promise<SigningPolicyView[][]> => {
        const lists = await readModel.signingPoliciesOfCertificates(caller.organizationId, ids)
        return lists.map((list) => [...list])
      },
      resolve: ({ certificateId }) => certificateId,
    }),
    thumbprintSha1: t.string({
      nullable: true,
      description: 'SHA-1 of the DER certificate, hexadecimal: what Windows shows. A name, not a protection.',
      resolve: ({ issued }) => {
        const [own] = chainOfCertificate(issued)
        return own === undefined ? null : createHash('sha1').update(Buffer.from(own, 'base64')).digest('hex')
      },
    }),
    thumbprint: t.string({
      nullable: true,
      description: 'SHA-256 of the DER certificate, hexadecimal; of an OpenPGP key its fingerprint.',
      resolve: ({ issued }) => issued?.thumbprint ?? null,
    }),
    notBefore: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'As issued; as asked for until then. Null until an authority has issued.',
      resolve: ({ issued, requested }) => issued?.notBefore ?? validityAskedFor(requested)?.notBefore ?? null,
    }),
    notAfter: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'As issued; as asked for until then. Null until an authority has issued.',
      resolve: ({ issued, requested }) => issued?.notAfter ?? validityAskedFor(requested)?.notAfter ?? null,
    }),
    chain: t.stringList({
      description: 'DER certificates, base64, the signing one first. Empty until it was issued.',
      resolve: ({ issued }) => [...chainOfCertificate(issued)],
    }),
    pem: t.string({
      nullable: true,
      description: 'The chain as PEM (RFC 7468), the signing certificate first.',
      resolve: ({ issued }) => {
        const chain = chainOfCertificate(issued)
        return chain.length === 0 ? null : chain.map((der) => asPem(der, 'CERTIFICATE')).join('')
      },
    }),
  }),
})

/** When the certificate that was asked for is to be valid, or that is imported is; an authority says that itself. */
function validityAskedFor(requested: CertificateRequest) {
  if (requested.kind === 'authority') return undefined
  if (requested.kind === 'openPgp')
    return { notBefore: requested.createdAt, notAfter: requested.expiresAt ?? neverEnds }
  return requested.kind === 'selfSigned' ? requested : requested.certificate
}

function asPem(derBase64: string, label: 'CERTIFICATE' | 'CERTIFICATE REQUEST'): string {
  const lines = derBase64.match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
