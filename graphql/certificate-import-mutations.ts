import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { CertificateImportBegun } from '../application/index.ts'
import type { CertificateId } from '../domain/index.ts'
import { base64Bytes } from './base64.ts'
import { builder } from './builder.ts'
import { RestrictionsInput, restrictionsOf } from './certificate-inputs.ts'
import { CertificatePayloadRef, changed } from './certificate-mutations.ts'
import { parseEntityId } from './global-id.ts'
import { reached } from './minimum-position.ts'
import { onceProjected } from './once-projected.ts'
import { CertificateRef, KeyRef } from './refs.ts'

const ImportPayloadRef = builder.objectRef<CertificateImportBegun>('ImportCertificatePayload').implement({
  description: 'A certificate that waits for its private key, or has it.',
  fields: (t) => ({
    certificateId: t.exposeID('certificateId', { description: 'UUID.' }),
    transportKey: t.exposeString('transportKey', {
      nullable: true,
      description:
        'The RSA key that the private key has to be encrypted for, as `completeCertificateImport` says: DER SubjectPublicKeyInfo, base64. Its private half is in the key store alone. Null when the private key is there already.',
    }),
    position: t.expose('position', {
      type: 'LogPosition',
      description: 'Where the change is in the log. Pass it as `minimumPosition` to queries that must see it.',
    }),
    certificate: t.field({
      type: CertificateRef,
      nullable: true,
      description: 'Null, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time.',
      resolve: async ({ certificateId, position }, _args, context) => {
        await reached(position, context)
        clearAllDataLoaders(context)
        return certificateId
      },
    }),
    key: t.field({
      type: KeyRef,
      nullable: true,
      description: 'Null, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time.',
      resolve: async ({ keyId, position }, _args, context) => {
        await reached(position, context)
        return keyId
      },
    }),
  }),
})

const ImportInput = builder.inputType('ImportCertificateInput', {
  description: 'A certificate whose key is outside of a key store. The private key is no part of it.',
  fields: (t) => ({
    name: t.string({ required: true }),
    publicKey: t.string({ required: true, description: 'DER SubjectPublicKeyInfo of the key, base64.' }),
    file: t.string({
      required: true,
      description: 'The certificate and those above it, in any order, base64 of the file: PEM, DER or PKCS #7.',
    }),
    keyStore: t.string({ description: "The key store, by its name in the signer's configuration." }),
    renews: t.id({ description: 'The certificate that it is to succeed.' }),
    restrictions: t.field({ type: RestrictionsInput }),
  }),
})

const CompleteInput = builder.inputType('CompleteCertificateImportInput', {
  description: 'The private key of a certificate that is imported, as only its key store can open it.',
  fields: (t) => ({
    certificateId: t.id({ required: true, description: 'UUID or node id.' }),
    wrappedSecret: t.string({
      required: true,
      description:
        'A random AES-256 key, encrypted for `transportKey` by RSA-OAEP (RFC 8017 §7.1) with SHA-1 and MGF1 with SHA-1, base64.',
    }),
    wrappedKey: t.string({
      required: true,
      description: 'DER PrivateKeyInfo (RFC 5208), encrypted with that AES key by AES-KWP (RFC 5649), base64.',
    }),
  }),
})

builder.mutationFields((t) => ({
  importCertificate: t.field({
    type: ImportPayloadRef,
    description:
      'Begins to import a certificate with its key: all but the private key is checked and recorded. Asked for again, it goes on where it was.',
    args: { input: t.arg({ type: ImportInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { name, keyStore, renews, restrictions } = input
      const begun = context.application.importCertificate(context.caller, {
        name,
        publicKey: base64Bytes(input.publicKey, 'publicKey'),
        file: base64Bytes(input.file, 'file'),
        ...(keyStore == null ? {} : { keyStore }),
        ...(renews == null ? {} : { renews: parseEntityId(String(renews), 'Certificate') as CertificateId }),
        ...(restrictions == null ? {} : { restrictions: restrictionsOf(restrictions) }),
      })
      return onceProjected(context, begun)
    },
  }),
  completeCertificateImport: t.field({
    type: CertificatePayloadRef,
    description:
      'Brings in the private key of a certificate that is imported; the certificate comes into use with that.',
    args: { input: t.arg({ type: CompleteInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { wrappedSecret, wrappedKey } = input
      base64Bytes(wrappedSecret, 'wrappedSecret')
      base64Bytes(wrappedKey, 'wrappedKey')
      return changed(context, input, (certificateId) =>
        context.application.completeCertificateImport(context.caller, {
          certificateId,
          sealed: { wrappedSecret, wrappedKey },
        }),
      )
    },
  }),
}))
