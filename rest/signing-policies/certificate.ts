import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Caller } from '../../application/index.ts'
import { Refusal } from '../../domain/index.ts'
import type { ReadModel } from '../../projections/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { type CurrentCertificate, currentCertificates, findPolicy, type PolicyName } from './find-policy.ts'

const tag = 'Signing policies'
const access = 'readOrganization'
const path = `${organizationPath}/SigningPolicies/{policy}/Certificate`
const parameters = z.object({ policy: z.string().meta({ description: 'The slug or the id of a signing policy.' }) })
const query = z.object({
  projectSlug: z.string().optional().meta({ description: 'Where several projects have a policy of this slug.' }),
})

const certificateDocument = z
  .object({
    certificateId: z.uuid(),
    name: z.string(),
    kind: z.string(),
    status: z.string(),
    subject: z.string(),
    issuer: z.string(),
    serialNumber: z.string(),
    thumbprint: z.string().meta({ description: 'SHA-256 of the DER certificate, hexadecimal.' }),
    thumbprintSha1: z.string().meta({ description: 'SHA-1, as Windows shows it. A name, not a protection.' }),
    notBefore: z.iso.datetime(),
    notAfter: z.iso.datetime(),
    signingPolicyId: z.uuid(),
    signingPolicySlug: z.string(),
  })
  .meta({ id: 'PolicyCertificate' })

/** `GET …/SigningPolicies/{policy}/Certificate`: what a policy signs with now; its bytes at `/X509Certificate`. */
export function certificateOperations({ readModel }: { readonly readModel: ReadModel }): readonly Operation[] {
  return [
    operation({
      method: 'GET',
      path,
      access,
      operationId: 'policyCertificate',
      tag,
      summary: 'The certificate that a signing policy signs with now',
      parameters,
      query,
      answers: { 200: { description: 'The certificate.', schema: certificateDocument } },
      async handle({ caller, parameters: { policy }, query: { projectSlug } }) {
        const { signingPolicyId, slug, certificate } = await certificateOf(readModel, caller, { policy, projectSlug })
        const { certificateId, name, kind, status, issued, der } = certificate
        const { subject, issuer, serialNumber, thumbprint, notBefore, notAfter } = issued
        const names = { subject, issuer, serialNumber, thumbprint, notBefore, notAfter }
        const thumbprintSha1 = createHash('sha1').update(der).digest('hex')
        const ofPolicy = { signingPolicyId, signingPolicySlug: slug }
        return { status: 200, body: { certificateId, name, kind, status, ...names, thumbprintSha1, ...ofPolicy } }
      },
    }),
    operation({
      method: 'GET',
      path: `${path}/X509Certificate`,
      access,
      operationId: 'policyX509Certificate',
      tag,
      summary: 'The same certificate, as a file',
      description: 'DER; PEM for who asks for `application/x-pem-file` or adds `?format=pem`.',
      parameters,
      query: query.extend({ format: z.enum(['der', 'pem']).optional() }),
      answers: { 200: { description: 'The certificate.', mediaType: 'application/pkix-cert' } },
      async handle({ caller, parameters: { policy }, query: { projectSlug, format }, request }) {
        const { certificate, slug } = await certificateOf(readModel, caller, { policy, projectSlug })
        const isPem =
          format === 'pem' || (format === undefined && /\bpem\b|x-pem-file/i.test(request.headers.accept ?? ''))
        const disposition = `attachment; filename="${slug}.${isPem ? 'pem' : 'cer'}"`
        const type = isPem ? 'application/x-pem-file' : 'application/pkix-cert'
        const headers = { 'content-type': type, 'content-disposition': disposition }
        return { status: 200, headers, body: isPem ? pemOf(certificate.der) : certificate.der }
      },
    }),
    operation({
      method: 'GET',
      path: `${path}/GpgPublicKey`,
      access,
      operationId: 'policyGpgPublicKey',
      tag,
      summary: 'The OpenPGP key that a signing policy signs with now',
      parameters,
      query,
      answers: { 200: { description: 'The key, armored.', mediaType: 'application/pgp-keys' } },
      async handle({ caller, parameters: { policy }, query: { projectSlug } }) {
        const { slug } = await findPolicy(readModel, caller, { policy, projectSlug })
        throw new Refusal(
          'GPG_PUBLIC_KEY_NOT_FOUND',
          `The signing policy ${slug} signs with an X.509 certificate and no OpenPGP key. Ask for …/Certificate/X509Certificate.`,
        )
      },
    }),
  ]
}

async function certificateOf(readModel: ReadModel, caller: Caller, name: PolicyName) {
  const policy = await findPolicy(readModel, caller, name)
  const [certificate] = await currentCertificates(readModel, caller, [policy])
  if (certificate !== undefined) return { ...policy, certificate: certificate satisfies CurrentCertificate }
  throw new Refusal(
    'CERTIFICATE_NOT_ISSUED',
    `The certificate of the signing policy ${policy.slug} was not issued yet.`,
  )
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
