import type { KeyDeletion, KeyId, KeyToken } from '../domain/index.ts'
import type { CertificateView } from '../projections/index.ts'
import { builder } from './builder.ts'
import { EntityRef } from './entity.ts'
import { KeyAlgorithmRef, KeyOriginRef, KeyStatusRef } from './enums.ts'
import { CertificateRef, KeyRef, UserRef } from './refs.ts'

const KeyTokenRef = builder.objectRef<KeyToken>('KeyToken').implement({
  description: 'The PKCS#11 token that a key is in, as it named itself when the key was put there (CK_TOKEN_INFO).',
  fields: (t) => ({
    label: t.exposeString('label'),
    serialNumber: t.exposeString('serialNumber'),
    manufacturer: t.exposeString('manufacturer'),
    model: t.exposeString('model'),
  }),
})

const DeletionRef = builder.objectRef<KeyDeletion>('KeyDeletion').implement({
  description: 'The destruction of a key, which two people have to want.',
  fields: (t) => ({
    requestedBy: t.field({ type: UserRef, nullable: true, resolve: ({ requestedBy }) => requestedBy.userId }),
    reason: t.exposeString('reason', { nullable: true }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'It can be confirmed before this moment.' }),
    confirmedBy: t.field({
      type: UserRef,
      nullable: true,
      description: 'Null until another person has confirmed it.',
      resolve: ({ confirmedBy }) => confirmedBy?.userId ?? null,
    }),
  }),
})

KeyRef.implement({
  description: 'A key pair in a key store. Its private half never leaves it.',
  interfaces: [EntityRef],
  fields: (t) => ({
    keyId: t.exposeID('keyId', { description: 'UUID.' }),
    name: t.exposeString('name'),
    status: t.expose('status', { type: KeyStatusRef }),
    keyStore: t.exposeString('keyStore', { description: "The key store's name in the signer's configuration." }),
    label: t.exposeString('label', { description: '`CKA_LABEL` in the key store.' }),
    ckaId: t.exposeString('ckaId', { description: '`CKA_ID` in the key store, hexadecimal.' }),
    algorithm: t.expose('algorithm', { type: KeyAlgorithmRef }),
    origin: t.expose('origin', { type: KeyOriginRef }),
    potentiallyExposed: t.exposeBoolean('potentiallyExposed', {
      description: 'Whether its private half was ever outside of a key store.',
    }),
    publicKey: t.exposeString('publicKey', {
      nullable: true,
      description: 'DER SubjectPublicKeyInfo, base64. Null until the key was made.',
    }),
    token: t.expose('token', {
      type: KeyTokenRef,
      nullable: true,
      description: 'Null until the key is in its key store.',
    }),
    deletion: t.expose('deletion', {
      type: DeletionRef,
      nullable: true,
      description:
        'Its destruction, from when that was asked for: it signs nothing. Null when nobody has, or it was withdrawn.',
    }),
    certificates: t.loadableList({
      type: CertificateRef,
      description: 'The certificates that are for this key, the oldest first.',
      load: async (keyIds: KeyId[], { readModel, caller }): Promise<CertificateView[][]> => {
        const lists = await readModel.certificatesOfKeys(caller.organizationId, keyIds)
        return lists.map((list) => [...list])
      },
      resolve: ({ keyId }) => keyId,
    }),
  }),
})
