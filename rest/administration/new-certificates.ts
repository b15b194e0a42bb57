import { z } from 'zod'
import { type Application, type CertificateKey, permissionsOfUseCases } from '../../application/index.ts'
import { type CertificateId, type KeyId, keyAlgorithms } from '../../domain/index.ts'
import { momentSchema } from '../forms/moment.ts'
import { InvalidInput } from '../invalid-input.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { restrictionsSchema } from './certificates.ts'
import { change, idSchema } from './change.ts'

const tag = 'Certificates'
const parameters = z.object({ certificateId: idSchema<CertificateId>() })
const shape = { certificateId: z.uuid() }
const optional = z.string().optional()
const keyStore = z
  .string()
  .optional()
  .meta({ description: "The key store, by its name in the signer's configuration; left out: the default." })

const subject = z.object({
  commonName: z.string(),
  organization: optional,
  organizationalUnit: optional,
  locality: optional,
  state: optional,
  country: z.string().optional().meta({ description: 'ISO 3166-1 alpha-2, such as DE.' }),
})

const key = z
  .object({
    keyId: idSchema<KeyId>().optional().meta({ description: 'A key that there is.' }),
    algorithm: z.enum(keyAlgorithms).optional().meta({ description: 'Of a new key.' }),
    keyStore,
  })
  .meta({ description: 'A key that there is, by its id, or a new one.' })

const common = {
  name: z.string(),
  key,
  renews: idSchema<CertificateId>().optional().meta({ description: 'The certificate that it is to succeed.' }),
  restrictions: restrictionsSchema.optional(),
}

const derFile = (description: string) => z.base64().meta({ description })
/** What only a key store can open is nobody's to read, and is repeated in no message all the same. */
const sealed = (description: string) => z.base64().meta({ description, writeOnly: true })

const findingSchema = z.object({
  aspect: z.string(),
  severity: z.string(),
  before: z.string(),
  after: z.string(),
  effect: z.string().meta({ description: 'Who sees it, and what comes of it.' }),
})

/** Certificates that are made, asked for and imported: what GraphQL calls by the same names. */
export function newCertificateOperations({ application }: { readonly application: Application }): readonly Operation[] {
  return [
    change({
      useCase: 'createSelfSignedCertificate',
      method: 'POST',
      path: '/Certificates/SelfSigned',
      tag,
      summary: 'Have a self-signed certificate made, for test signing, and its key when that is to be new',
      body: z.object({
        ...common,
        subject,
        notBefore: momentSchema,
        notAfter: momentSchema,
        renewBeforeHours: z
          .int()
          .optional()
          .meta({ description: 'So many hours before its end the next one is made. Left out: it ends.' }),
      }),
      shape,
      creates: true,
      run: (caller, input) =>
        application.createSelfSignedCertificate(caller, given({ ...input, key: keyOf(input.key) })),
    }),
    change({
      useCase: 'requestCertificate',
      method: 'POST',
      path: '/Certificates/Request',
      tag,
      summary: 'Have the request for a certificate of an authority made, and its key when that is to be new',
      body: z.object({
        ...common,
        subject,
        alternativeNames: z.array(z.object({ kind: z.enum(['dns', 'email', 'uri']), value: z.string() })).default([]),
        est: z
          .object({
            server: z.string().meta({ description: "The EST server's name in the configuration." }),
            renewBeforeDays: z.int().meta({ description: 'So many days before its end it is renewed.' }),
          })
          .optional()
          .meta({ description: 'The EST server that issues. Left out: what is issued is uploaded.' }),
      }),
      shape,
      creates: true,
      run: (caller, { est, ...input }) =>
        application.requestCertificate(
          caller,
          given({
            ...input,
            key: keyOf(input.key),
            enrolment: est === undefined ? { by: 'upload' } : { by: 'est', ...est },
          }),
        ),
    }),
    change({
      useCase: 'createOpenPgpKey',
      method: 'POST',
      path: '/Certificates/OpenPgp',
      tag,
      summary:
        'Have an OpenPGP key made: its key when that is to be new, and the signature by which it certifies its user id',
      body: z.object({
        ...common,
        userId: z.string().meta({ description: 'Such as Acme Releases <release@acme.example>.' }),
        expiresAt: momentSchema.optional().meta({ description: 'When it ends, in whole seconds. Left out: never.' }),
      }),
      shape,
      creates: true,
      run: (caller, input) => application.createOpenPgpKey(caller, given({ ...input, key: keyOf(input.key) })),
    }),
    change({
      useCase: 'importCertificate',
      method: 'POST',
      path: '/Certificates/Import',
      tag,
      summary: 'Begin to import a certificate with its key: all but the private key is checked and recorded',
      description:
        'The private key comes behind, encrypted for transportKey (CompleteImport). Asked for again, it goes on where it was. `countersign certificate import` does both from a PKCS #12 file: file and password stay where they are.',
      body: z.object({
        name: z.string(),
        publicKey: derFile('DER SubjectPublicKeyInfo of the key, base64.'),
        file: derFile('The certificate and those above it, in any order, base64 of the file: PEM, DER or PKCS #7.'),
        keyStore,
        renews: common.renews,
        restrictions: common.restrictions,
      }),
      shape: {
        ...shape,
        keyId: z.uuid(),
        transportKey: z.string().nullable().meta({
          description:
            'The RSA key that the private key has to be encrypted for: DER SubjectPublicKeyInfo, base64. Null when the private key is there already.',
        }),
      },
      creates: true,
      run: (caller, { publicKey, file, ...input }) =>
        application.importCertificate(
          caller,
          given({ ...input, publicKey: Buffer.from(publicKey, 'base64'), file: Buffer.from(file, 'base64') }),
        ),
    }),
    change({
      useCase: 'completeCertificateImport',
      method: 'POST',
      path: '/Certificates/{certificateId}/CompleteImport',
      tag,
      summary: 'Bring in the private key of a certificate that is imported; the certificate comes into use with that',
      parameters,
      body: z.object({
        wrappedSecret: sealed(
          'A random AES-256 key, encrypted for transportKey by RSA-OAEP (RFC 8017 §7.1) with SHA-1 and MGF1 with SHA-1, base64.',
        ),
        wrappedKey: sealed('DER PrivateKeyInfo (RFC 5208), encrypted with that AES key by AES-KWP (RFC 5649), base64.'),
      }),
      shape,
      run: (caller, { certificateId, ...sealed }) =>
        application.completeCertificateImport(caller, { certificateId, sealed }),
    }),
    operation({
      method: 'GET',
      path: `${organizationPath}/Certificates/{certificateId}/Continuity`,
      access: permissionsOfUseCases.checkContinuity,
      operationId: 'checkContinuity',
      tag,
      summary: 'See what changes for updaters, installers and platforms when another certificate takes its place',
      parameters,
      query: z.object({
        after: idSchema<CertificateId>().meta({ description: 'The certificate that is to take its place.' }),
      }),
      answers: {
        200: {
          description: 'What differs; nothing when nobody sees a difference.',
          schema: z.object({ findings: z.array(findingSchema) }),
        },
      },
      async handle({ caller, parameters: { certificateId: before }, query: { after } }) {
        const findings = await application.checkContinuity(caller, { before, after })
        return {
          status: 200,
          body: {
            findings: findings.map(({ aspect, severity, before: was, after: becomes, effect }) => ({
              ...{ aspect, severity, before: was, after: becomes, effect },
            })),
          },
        }
      },
    }),
  ]
}

/** @throws InvalidInput unless it names a key, or a new one */
function keyOf({ keyId, algorithm, keyStore: store }: z.output<typeof key>): CertificateKey {
  if (keyId !== undefined && algorithm === undefined && store === undefined) return { keyId }
  if (keyId !== undefined || algorithm === undefined)
    throw new InvalidInput({
      key: [
        'must have keyId, of a key that there is, or algorithm (and keyStore where it is not the default) of a new one',
      ],
    })
  return { algorithm, ...(store === undefined ? {} : { keyStore: store }) }
}

/** What was given of an input, at every level. */
type Given<Of> = Of extends string | Uint8Array | readonly unknown[]
  ? Of
  : Of extends object
    ? { [Name in keyof Of as undefined extends Of[Name] ? never : Name]: Given<Of[Name]> } & {
        [Name in keyof Of as undefined extends Of[Name] ? Name : never]?: Given<Exclude<Of[Name], undefined>>
      }
    : Of

/** An input without what was left out. */
function given<Of extends object>(input: Of): Given<Of> {
  const entries = Object.entries(input).filter(([, value]) => value !== undefined)
  const values = entries.map(([name, value]) => [
    name,
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
      ? given(value)
      : value,
  ])
  return Object.fromEntries(values) as Given<Of>
}
