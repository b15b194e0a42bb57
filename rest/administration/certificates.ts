import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import type { CertificateId } from '../../domain/index.ts'
import type { CertificateView } from '../../projections/index.ts'
import type { Operation } from '../operation.ts'
import { basedOn, change, idSchema, reasoned } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

const tag = 'Certificates'
const parameters = z.object({ certificateId: idSchema<CertificateId>() })
const shape = { certificateId: z.uuid() }

const restrictionsSchema = z.object({
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
  signingRequest: z.string().nullable().meta({ description: 'What an authority has to answer: DER, base64.' }),
  certificate: z.string().nullable().meta({ description: 'DER, base64; null until it was issued.' }),
  thumbprint: z.string().nullable().meta({ description: 'SHA-256, hexadecimal.' }),
  notBefore: z.string().nullable(),
  notAfter: z.string().nullable(),
  ...recordedShape,
})

/** Certificates: what GraphQL calls by the same names. They are asked for and imported by GraphQL and the command line. */
export function certificateOperations(reading: Reading & { readonly application: Application }): readonly Operation[] {
  const { application, readModel } = reading
  const read = { tag, permission: 'readOrganization', schema: certificateSchema, show: shown } as const
  const path = '/Certificates/{certificateId}'
  /** Use cases of certificates answer without the id that they were given. */
  const named = async <Answer extends object>(certificateId: CertificateId, changed: Promise<Answer>) => ({
    ...(await changed),
    certificateId,
  })
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
        named(
          certificateId,
          application.installCertificate(caller, { certificateId, file: Buffer.from(file, 'base64') }),
        ),
    }),
    change({
      useCase: 'renewCertificate',
      method: 'POST',
      path: `${path}/Renew`,
      tag,
      summary: 'Have the next certificate of the same names and key made, or asked for',
      parameters,
      shape,
      run: (caller, { certificateId }) => named(certificateId, application.renewCertificate(caller, { certificateId })),
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
      run: (caller, input) => named(input.certificateId, application.restrictCertificate(caller, input)),
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
      run: (caller, input) => named(input.certificateId, application.disableCertificate(caller, input)),
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
      run: (caller, input) => named(input.certificateId, application.enableCertificate(caller, input)),
    }),
  ]
}

function shown(view: CertificateView): z.input<typeof certificateSchema> {
  const { certificateId, name, kind, status, keyId, renews, restrictions, signingRequest, issued } = view
  const { revision, createdAt, updatedAt } = view
  const { thumbprint = null, notBefore = null, notAfter = null } = issued ?? {}
  const certificate = issued?.chain[0] ?? null
  const facts = { certificateId, name, kind, status, keyId, renews, restrictions, signingRequest }
  return { ...facts, certificate, thumbprint, notBefore, notAfter, revision, createdAt, updatedAt }
}
