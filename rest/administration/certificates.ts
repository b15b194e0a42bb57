import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import { armored, type CertificateId, type CertificateIdentity, chainOfCertificate } from '../../domain/index.ts'
import type { CertificateView } from '../../projections/index.ts'
import { momentSchema } from '../forms/moment.ts'
import type { Operation } from '../operation.ts'
import { basedOn, change, idSchema, reasoned } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

const tag = 'Certificates'
const parameters = z.object({ certificateId: idSchema<CertificateId>() })
const shape = { certificateId: z.uuid() }

/** What policies that use a certificate must demand. */
export const restrictionsSchema = z.object({
  minimumApprovals: z.int().min(0).meta({ description: 'So many people must approve; 0: approval is not demanded.' }),
  originVerification: z.boolean(),
  timestamp: z.boolean(),
})

const certificateSchema = z.object({
  certificateId: z.uuid(),
  name: z.string(),
  kind: z.string(),
  status: z.string(),
  keyId: z.uuid(),
  renews: z.uuid().nullable(),
  restrictions: restrictionsSchema,
  commonName: z.string().meta({ description: 'As asked for, like alternativeNames; of an OpenPGP key its user id.' }),
  alternativeNames: z.array(z.object({ kind: z.enum(['dns', 'email', 'uri']), value: z.string() })),
  enrolment: z
    .object({
      by: z.enum(['upload', 'est']),
      server: z.string().nullable().meta({ description: "The EST server's name in the configuration." }),
      renewBeforeDays: z.int().nullable(),
    })
    .nullable()
    .meta({ description: 'How it comes from its authority. Null for a self-signed one, and one that was imported.' }),
  enrolmentFailure: z
    .object({ code: z.string(), message: z.string() })
    .nullable()
    .meta({ description: 'Why an EST server has not issued yet. It is asked again.' }),
  renewBeforeHours: z
    .int()
    .nullable()
    .meta({ description: 'So many hours before its end it is renewed by itself. Null: it is not.' }),
  renewalRequested: z
    .boolean()
    .meta({ description: 'Whether the next certificate was asked for, and is not there yet.' }),
  signingRequest: z.string().nullable().meta({ description: 'What an authority has to answer: DER, base64.' }),
  certificate: z.string().nullable().meta({ description: 'DER, base64; null, as all below, until it was issued.' }),
  chain: z.array(z.string()).nullable().meta({ description: 'It and those above it: DER, base64.' }),
  subject: z.string().nullable().meta({ description: 'RFC 4514 text.' }),
  issuer: z.string().nullable(),
  serialNumber: z.string().nullable(),
  thumbprint: z.string().nullable().meta({ description: 'SHA-256, hexadecimal; of an OpenPGP key its fingerprint.' }),
  thumbprintSha1: z
    .string()
    .nullable()
    .meta({ description: 'SHA-1, hexadecimal: what Windows shows. A name, not a protection.' }),
  identity: z
    .object({
      key: z.string().meta({ description: 'SHA-256 of its SubjectPublicKeyInfo, hexadecimal.' }),
      issuingKey: z.string().meta({ description: "The same of the issuing authority's key." }),
      extendedKeyUsages: z.array(z.string()),
      publicKeyToken: z.string().nullable().meta({ description: 'What ClickOnce manifests name the key by.' }),
      appxPublisher: z.string().meta({ description: 'What the manifest of an APPX or MSIX package must name.' }),
    })
    .nullable()
    .meta({ description: 'What updaters, installers and platforms see of it.' }),
  openPgpKey: z
    .string()
    .nullable()
    .meta({ description: 'Of an OpenPGP key its public half with all self-signatures, in ASCII armor.' }),
  notBefore: z.string().nullable(),
  notAfter: z.string().nullable(),
  ...recordedShape,
})

/** Certificates that there are: what GraphQL calls by the same names. */
export function certificateOperations(reading: Reading & { readonly application: Application }): readonly Operation[] {
  const { application, readModel } = reading
  const read = { tag, permission: 'readOrganization', schema: certificateSchema, show: shown } as const
  const path = '/Certificates/{certificateId}'
  return [
    list(reading, {
      ...read,
      operationId: 'certificates',
      path: '/Certificates',
      summary: 'List certificates, newest first',
      read: ({ organizationId }, page) => readModel.listCertificates(organizationId, page),
    }),
    one(reading, {
      ...read,
      operationId: 'certificate',
      path,
      summary: 'Read a certificate',
      parameters,
      missing: ['CERTIFICATE_NOT_FOUND', 'certificate'],
      find: async ({ organizationId }, { certificateId }) =>
        (await readModel.certificatesByIds(organizationId, [certificateId]))[0],
    }),
    change({
      useCase: 'installCertificate',
      method: 'POST',
      path: `${path}/Install`,
      tag,
      summary: 'Install what an authority issued for the request of a certificate',
      parameters,
      body: z.object({
        file: z
          .base64()
          .meta({ description: 'PEM, DER or PKCS #7, with the certificates above it or without; base64.' }),
      }),
      shape,
      run: (caller, { certificateId, file }) =>
        application.installCertificate(caller, { certificateId, file: Buffer.from(file, 'base64') }),
    }),
    change({
      useCase: 'renewCertificate',
      method: 'POST',
      path: `${path}/Renew`,
      tag,
      summary: 'Have the next certificate of the same names and key made, or asked for',
      parameters,
      shape,
      run: (caller, { certificateId }) => application.renewCertificate(caller, { certificateId }),
    }),
    change({
      useCase: 'changeKeyExpiry',
      method: 'POST',
      path: `${path}/Expiry`,
      tag,
      summary: 'Have an OpenPGP key end at another moment, by a further self-signature',
      parameters,
      body: z.object({
        expiresAt: momentSchema.nullable().meta({ description: 'In whole seconds. Null: never.' }),
      }),
      shape,
      run: (caller, input) => application.changeKeyExpiry(caller, input),
    }),
    change({
      useCase: 'restrictCertificate',
      method: 'PUT',
      path: `${path}/Restrictions`,
      tag,
      summary: 'Change what policies that use a certificate must demand',
      parameters,
      body: z.object({ ...basedOn, restrictions: restrictionsSchema }),
      shape,
      run: (caller, input) => application.restrictCertificate(caller, input),
    }),
    change({
      useCase: 'disableCertificate',
      method: 'POST',
      path: `${path}/Disable`,
      tag,
      summary: 'Disable a certificate: it signs nothing from now on',
      parameters,
      body: z.object(reasoned),
      shape,
      run: (caller, input) => application.disableCertificate(caller, input),
    }),
    change({
      useCase: 'enableCertificate',
      method: 'POST',
      path: `${path}/Enable`,
      tag,
      summary: 'Enable a certificate that was disabled',
      parameters,
      body: z.object(reasoned),
      shape,
      run: (caller, input) => application.enableCertificate(caller, input),
    }),
  ]
}

function shown(view: CertificateView): z.input<typeof certificateSchema> {
  const { certificateId, name, kind, status, keyId, renews, restrictions, requested, signingRequest, issued } = view
  const { enrolmentFailure, renewal, revision, createdAt, updatedAt } = view
  const { subject = null, issuer = null, serialNumber = null, thumbprint = null } = issued ?? {}
  const { notBefore = null, notAfter = null } = issued ?? {}
  const isX509 = issued?.format === 'x509'
  const chain = chainOfCertificate(issued)
  const [own] = chain
  const isOfAuthority = requested.kind === 'authority'
  return {
    ...{ certificateId, name, kind, status, keyId, renews, restrictions: { ...restrictions } },
    commonName: requested.kind === 'openPgp' ? requested.userId : requested.subject.commonName,
    alternativeNames: isOfAuthority ? requested.alternativeNames.map((each) => ({ ...each })) : [],
    enrolment: isOfAuthority ? { server: null, renewBeforeDays: null, ...requested.enrolment } : null,
    enrolmentFailure: enrolmentFailure && { code: enrolmentFailure.code, message: enrolmentFailure.message },
    ...{ renewBeforeHours: renewal.beforeHours, renewalRequested: renewal.requested, signingRequest },
    ...{ certificate: own ?? null, chain: issued === null ? null : [...chain] },
    thumbprintSha1: own === undefined ? null : createHash('sha1').update(Buffer.from(own, 'base64')).digest('hex'),
    identity: isX509 ? shownIdentity(issued.identity) : null,
    openPgpKey: issued?.format === 'openpgp' ? armored(issued.publicKey, 'PGP PUBLIC KEY BLOCK') : null,
    ...{ subject, issuer, serialNumber, thumbprint, notBefore, notAfter, revision, createdAt, updatedAt },
  }
}

function shownIdentity({ key, issuingKey, extendedKeyUsages, publicKeyToken, appxPublisher }: CertificateIdentity) {
  return { key, issuingKey, extendedKeyUsages: [...extendedKeyUsages], publicKeyToken, appxPublisher }
}
