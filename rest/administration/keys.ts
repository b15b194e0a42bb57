import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import { type KeyId, keyAlgorithms } from '../../domain/index.ts'
import type { KeyView } from '../../projections/index.ts'
import type { Operation } from '../operation.ts'
import { change, idSchema, reasoned } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

const tag = 'Keys'
const parameters = z.object({ keyId: idSchema<KeyId>() })
const shape = { keyId: z.uuid() }

const keySchema = z.object({
  keyId: z.uuid(),
  name: z.string(),
  status: z.enum(['requested', 'active', 'disabled', 'destroyed']),
  keyStore: z.string().meta({ description: "The key store's name in the signer's configuration." }),
  label: z.string().meta({ description: 'CKA_LABEL in the key store.' }),
  ckaId: z.string().meta({ description: 'CKA_ID in the key store, hexadecimal.' }),
  algorithm: z.enum(keyAlgorithms),
  origin: z.enum(['generated', 'imported']),
  potentiallyExposed: z.boolean().meta({ description: 'Whether its private half was ever outside of a key store.' }),
  publicKey: z
    .string()
    .nullable()
    .meta({ description: 'DER SubjectPublicKeyInfo, base64; null until the key was made.' }),
  token: z
    .object({ label: z.string(), serialNumber: z.string(), manufacturer: z.string(), model: z.string() })
    .nullable()
    .meta({ description: 'The PKCS #11 token that it is in, as that named itself; null until it is there.' }),
  deletion: z
    .object({
      requestedBy: z.uuid().nullable(),
      reason: z.string().nullable(),
      expiresAt: z.string().meta({ description: 'It can be confirmed before this moment.' }),
      confirmedBy: z.uuid().nullable().meta({ description: 'Null until another person has.' }),
    })
    .nullable()
    .meta({ description: 'Its destruction, from when that was asked for: it signs nothing.' }),
  certificates: z.array(z.uuid()).meta({ description: 'Those that are for this key, the oldest first.' }),
  ...recordedShape,
})

/** Keys in key stores: what GraphQL calls by the same names. They are made together with certificates. */
export function keyOperations(reading: Reading & { readonly application: Application }): readonly Operation[] {
  const { application, readModel } = reading
  const show = async (view: KeyView, { organizationId }: { readonly organizationId: KeyView['organizationId'] }) => {
    const [certificates = []] = await readModel.certificatesOfKeys(organizationId, [view.keyId])
    return shown(
      view,
      certificates.map(({ certificateId }) => certificateId),
    )
  }
  const read = { tag, permission: 'readOrganization', schema: keySchema, show } as const
  const path = '/Keys/{keyId}'
  return [
    list(reading, {
      ...read,
      operationId: 'keys',
      path: '/Keys',
      summary: 'List keys, newest first',
      read: ({ organizationId }, page) => readModel.listKeys(organizationId, page),
    }),
    one(reading, {
      ...read,
      operationId: 'key',
      path,
      summary: 'Read a key',
      parameters,
      missing: ['KEY_NOT_FOUND', 'key'],
      find: async ({ organizationId }, { keyId }) => (await readModel.keysByIds(organizationId, [keyId]))[0],
    }),
    change({
      useCase: 'disableKey',
      method: 'POST',
      path: `${path}/Disable`,
      tag,
      summary: 'Disable a key for good: it signs nothing from now on, whatever certificates it has',
      parameters,
      body: z.object(reasoned),
      shape,
      run: (caller, input) => application.disableKey(caller, input),
    }),
    change({
      useCase: 'requestKeyDeletion',
      method: 'POST',
      path: `${path}/RequestDeletion`,
      tag,
      summary: 'Ask for the destruction of a key, which another person has to confirm within seven days',
      parameters,
      body: z.object(reasoned),
      shape,
      run: (caller, input) => application.requestKeyDeletion(caller, input),
    }),
    change({
      useCase: 'confirmKeyDeletion',
      method: 'POST',
      path: `${path}/ConfirmDeletion`,
      tag,
      summary: 'Confirm the destruction of a key that another person asked for: it is for good',
      parameters,
      body: z.object({
        label: z.string().meta({ description: "The key's label, so that it is this one that is meant." }),
      }),
      shape,
      run: (caller, input) => application.confirmKeyDeletion(caller, input),
    }),
    change({
      useCase: 'withdrawKeyDeletion',
      method: 'POST',
      path: `${path}/WithdrawDeletion`,
      tag,
      summary: 'Keep a key after all whose destruction was asked for and not confirmed',
      parameters,
      body: z.object(reasoned),
      shape,
      run: (caller, input) => application.withdrawKeyDeletion(caller, input),
    }),
  ]
}

function shown(view: KeyView, certificates: readonly string[]): z.input<typeof keySchema> {
  const { keyId, name, status, keyStore, label, ckaId, algorithm, origin, potentiallyExposed, publicKey } = view
  const { token, deletion, revision, createdAt, updatedAt } = view
  const facts = { keyId, name, status, keyStore, label, ckaId, algorithm, origin, potentiallyExposed, publicKey }
  return {
    ...facts,
    token: token && { ...token },
    deletion: deletion && {
      requestedBy: deletion.requestedBy.userId,
      reason: deletion.reason,
      expiresAt: deletion.expiresAt,
      confirmedBy: deletion.confirmedBy?.userId ?? null,
    },
    certificates: [...certificates],
    ...{ revision, createdAt, updatedAt },
  }
}
